// Components outside the first load: fetched when first used, or by load_rest() soon after the start.

const loaders = {
  site: () => import("../pages/SitePage.svelte"),
  device: () => import("../pages/DevicePage.svelte"),
  alarms: () => import("../pages/Alarms.svelte"),
  events: () => import("../pages/Events.svelte"),
  devices: () => import("../pages/Devices.svelte"),
  table: () => import("../parts/FleetTable.svelte"),
  help: () => import("../parts/Help.svelte"),
  acknowledge: () => import("../parts/Acknowledge.svelte"),
  device_editor: () => import("../parts/DeviceEditor.svelte"),
  note: () => import("../parts/NoteEditor.svelte"),
  register_maps: () => import("../parts/RegisterMaps.svelte"),
  diagnostics: () => import("../parts/Diagnostics.svelte"),
};
type Loaders = typeof loaders;
type Component<Name extends keyof Loaders> = Awaited<ReturnType<Loaders[Name]>>["default"];

const loaded = new Map<string, Promise<unknown>>();

export function page<Name extends keyof Loaders>(name: Name): Promise<Component<Name>> {
  let found = loaded.get(name) as Promise<Component<Name>> | undefined;
  if (!found) {
    found = loaders[name]().then((module) => module.default as Component<Name>);
    found.catch(() => loaded.delete(name));
    loaded.set(name, found);
  }
  return found;
}

const rarely_used: string[] = ["diagnostics", "device_editor", "note", "register_maps"];

// All but those that few people open.
export function load_rest(): void {
  void Promise.all([import("uplot"), import("uplot/dist/uPlot.min.css")]).catch(() => undefined);
  const names = (Object.keys(loaders) as (keyof Loaders)[]).filter((name) => !rarely_used.includes(name));
  for (const name of names) void page(name).catch(() => undefined);
}
