import { health_of, worst_of, type Health } from "./health";
import { and, site_model, type BlockModel, type Input, type Truth } from "./topology";
import type { Site } from "./types";

// What feeds the load of a site now.
export type Situation = "blackout" | "on_gensets" | "parallel" | "test_run" | "on_mains" | "unknown" | "empty";

export interface SiteState {
  situation: Situation;
  gensets_feeding: number;
  gensets: number;
  load_power: number | null;
  genset_power: number | null; // null: the power of a feeding genset is unknown
  health: Health;
  offline: number;
  stale: number;
  blocks: BlockModel[];
}

const worst_first: Situation[] = ["blackout", "unknown", "on_gensets", "test_run", "parallel", "on_mains", "empty"];

function situation_of(block: BlockModel): Situation {
  if (!block.switchboard && block.gensets.length === 0) return "empty";
  const closed = block.gensets.map((genset) => and(genset.breaker.conducting, genset.running));
  const some_closed: Truth = closed.includes(true) ? true : closed.includes("unknown") ? "unknown" : false;
  const some_running = block.gensets.some((genset) => genset.running === true);
  const mains_feeds = and(block.mains ? (block.mains.presence === "unknown" ? "unknown" : block.mains.presence !== "absent") : false, block.mains_breaker?.conducting ?? false);
  const bus_feeds = and(block.bus, block.bus_breaker?.conducting ?? true);
  if (block.load === false) return "blackout";
  if (mains_feeds === true) {
    if (some_closed === true && bus_feeds !== false) return "parallel";
    return some_running ? "test_run" : "on_mains";
  }
  if (mains_feeds === false && block.load === true) return some_closed !== false || block.switchboard ? "on_gensets" : "unknown";
  return "unknown";
}

export function site_state(site: Pick<Site, "topology">, inputs: Input[]): SiteState {
  const active = inputs.filter((input) => input.device.is_active);
  const blocks = site_model(site, active);
  const situations: Situation[] = blocks.map(situation_of).filter((one) => one !== "empty");
  const gensets = blocks.flatMap((block) => block.gensets);
  const feeding = gensets.filter((genset) => genset.breaker.conducting === true && genset.running !== false);
  const loads = blocks.map((block) => block.load_power);
  const total = (parts: (number | null)[]) => (parts.includes(null) ? null : parts.reduce<number>((all, part) => all + (part ?? 0), 0));
  return {
    situation: worst_first.find((one) => situations.includes(one)) ?? "empty",
    gensets_feeding: feeding.length,
    gensets: gensets.length,
    load_power: blocks.length > 0 ? total(loads) : null,
    genset_power: total(feeding.map((genset) => genset.power)),
    health: active.length > 0 ? worst_of(active.map(health_of)) : "none",
    offline: active.filter((input) => input.quality === "offline" || input.quality === "never").length,
    stale: active.filter((input) => input.quality === "stale").length,
    blocks,
  };
}
