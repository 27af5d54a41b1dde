import type { Code, Profile, ProfileField, Reading, Value } from "./types";

// A role says what a field of a profile measures or shows, and `means` what one of its codes means. The page looks fields up by
// their roles only, so it knows no controller model. GET /api/roles lists the roles.
export type Role = string;

const by_role = new WeakMap<Profile, Map<Role, ProfileField>>();

export function field_of(profile: Profile | undefined, role: Role): ProfileField | undefined {
  if (!profile) return undefined;
  let fields = by_role.get(profile);
  if (!fields) by_role.set(profile, (fields = new Map(profile.fields.flatMap((field) => (field.role ? [[field.role, field]] : [])))));
  return fields.get(role);
}

// A reading and the profile that says what its fields are.
export interface Source {
  profile: Profile | undefined;
  reading: Reading | null;
}

// Undefined: the profile has no such field.
export function value_at({ profile, reading }: Source, role: Role): Value {
  const field = field_of(profile, role);
  return field && reading?.[field.name];
}

function code_of(profile: Profile | undefined, field: ProfileField | undefined, value: Value): Code | undefined {
  const table = profile?.code_tables.find((one) => one.name === field?.codes);
  return table?.codes.find((one) => one.value === value);
}

// What a code means; null: no data, or a code without `means`.
export function meaning_of(profile: Profile | undefined, role: Role, value: Value): string | null {
  return code_of(profile, field_of(profile, role), value)?.means ?? null;
}

export function meaning_at(source: Source, role: Role): string | null {
  return meaning_of(source.profile, role, value_at(source, role));
}

export function label_of_code(profile: Profile | undefined, field: ProfileField | undefined, value: Value): Code["label"] | undefined {
  return code_of(profile, field, value)?.label;
}
