import { health_of, health_rank } from "./health";
import { is_usable } from "./quality";
import { value_at, type Role } from "./roles";
import type { Input } from "./topology";
import type { Value } from "./types";

// The values and the order of the device table.

// A role of gensets; `ats` is the corresponding role of a switchboard. Without `ats` a switchboard has no such value.
export interface Column {
  role: Role;
  ats?: Role;
}

// `by` is "site", "device", "state" or the role of a column.
export interface Sort {
  by: string;
  down: boolean;
}

export function has_column({ device }: Input, column: Column): boolean {
  return device.device_type === "generator" || column.ats !== undefined;
}

export function column_value(input: Input, column: Column): Value {
  if (!is_usable(input.quality)) return null;
  const role = input.device.device_type === "ats" ? column.ats : column.role;
  return role ? value_at(input, role) : undefined;
}

// Devices that are equal in this order keep the order of `inputs`. Devices without a number in a column come last in both directions.
export function order_devices(inputs: Input[], sort: Sort, columns: Column[], site_code: (input: Input) => string): Input[] {
  const collator = new Intl.Collator("ru", { numeric: true });
  const direction = sort.down ? -1 : 1;
  const column = columns.find((one) => one.role === sort.by);
  const compare = (a: Input, b: Input): number => {
    switch (sort.by) {
      case "site": return direction * (collator.compare(site_code(a), site_code(b)) || a.device.id - b.device.id);
      case "device": return direction * collator.compare(a.device.name, b.device.name);
      case "state": return direction * (health_rank(health_of(a)) - health_rank(health_of(b)));
    }
    const [x, y] = column ? [column_value(a, column), column_value(b, column)] : [];
    if (typeof x === "number" && typeof y === "number") return direction * (x - y);
    return Number(typeof y === "number") - Number(typeof x === "number");
  };
  return [...inputs].sort(compare);
}
