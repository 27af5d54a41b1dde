import type { AlarmNotes, Site } from "./types";

// A site's own notes on alarms, by the code of the event (docs/api.md, Sites).

export const note_length_max = 500;

export const note_of = (site: Site | undefined, code: string): string => site?.alarm_notes?.[code] ?? "";

// The server counts characters; a text of the browser has two units for some.
export const length_of = (text: string): number => [...text].length;

// The notes of a site after one of them was changed. All others stay; an empty text removes the note.
export function with_note(notes: AlarmNotes | null | undefined, code: string, text: string): AlarmNotes | null {
  const { [code]: _, ...changed } = notes ?? {};
  if (text.trim() !== "") changed[code] = text.trim();
  return Object.keys(changed).length > 0 ? changed : null;
}
