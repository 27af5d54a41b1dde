import type { PlantEvent } from "./types";

// The alarm whose note is edited. The dialog is outside the lists: an alarm that leaves its list does not close it.
class NoteEditing {
  alarm = $state.raw<PlantEvent | null>(null);
}

export const note_editing = new NoteEditing();
