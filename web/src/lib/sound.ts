// Two short tones, at most every five seconds. A browser plays no sound until the user has clicked or pressed a key on the page.

let context: AudioContext | null = null;
let last_ms = -Infinity;

export function play_alarm(): void {
  if (performance.now() - last_ms < 5000) return;
  last_ms = performance.now();
  try {
    context ??= new AudioContext();
    for (const [start, pitch] of [[0, 880], [0.25, 660]] as const) {
      const tone = context.createOscillator();
      const volume = context.createGain();
      volume.gain.value = 0.15;
      tone.frequency.value = pitch;
      tone.connect(volume).connect(context.destination);
      tone.start(context.currentTime + start);
      tone.stop(context.currentTime + start + 0.2);
    }
  } catch {
    // no sound on this machine
  }
}
