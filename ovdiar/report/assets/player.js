// The sound and where it is. The position can be set whether or not there is sound to be heard.

import { report } from "./content.js";
import { part } from "./page.js";
import { complain } from "./announcements.js";

const SLICE = 4 << 20; // characters of base64 decoded at once; a multiple of four

class Player {
  constructor() {
    this.sound = new Audio();
    this.sound.preload = "auto";
    this.time = 0;
    this.until = null; // where playing stops by itself
    this.listeners = [];
    this.sound.addEventListener("timeupdate", () => this.#follow());
    this.sound.addEventListener("loadedmetadata", () => (this.sound.currentTime = this.time));
    for (const event of ["play", "pause", "ended"]) this.sound.addEventListener(event, () => this.#tell());
    this.sound.addEventListener("play", () => this.#run());
    this.sound.addEventListener("error", () => {
      complain(report.link === null ? "This browser cannot play the recording." : `${decodeURI(report.link)} cannot be played: put the recording there, seen from this page.`);
    });
    setTimeout(() => this.#load(), 0); // the page is drawn first
  }

  get playing() {
    return !this.sound.paused && !this.sound.ended;
  }

  onChange(listener) {
    this.listeners.push(listener);
  }

  seek(time) {
    this.time = Math.min(Math.max(time, 0), report.duration);
    this.until = null;
    if (this.sound.readyState > 0) this.sound.currentTime = this.time;
    this.#tell();
  }

  play(from = null, until = null) {
    if (from !== null) this.seek(from);
    else if (this.time >= report.duration - 0.05) this.seek(0);
    this.until = until;
    this.#load();
    this.sound.play().catch(() => this.#tell()); // "error" has said why
  }

  pause() {
    this.sound.pause();
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  set rate(rate) {
    this.sound.playbackRate = rate;
  }

  #load() {
    if (this.sound.src) return;
    this.sound.src = report.link ?? URL.createObjectURL(embedded());
  }

  #run() {
    if (!this.playing) return;
    this.#follow();
    requestAnimationFrame(() => this.#run());
  }

  #follow() {
    if (!this.playing) return;
    this.time = this.sound.currentTime;
    if (this.until !== null && this.time >= this.until) {
      this.sound.pause();
      this.seek(this.until);
    } else {
      this.#tell();
    }
  }

  #tell() {
    for (const listener of this.listeners) listener(this.time, this.playing);
  }
}

function embedded() {
  const holder = part("audio");
  const text = holder.textContent.trim();
  const pieces = [];
  for (let from = 0; from < text.length; from += SLICE) {
    const letters = atob(text.slice(from, from + SLICE));
    const bytes = new Uint8Array(letters.length);
    for (let index = 0; index < letters.length; index++) bytes[index] = letters.charCodeAt(index);
    pieces.push(bytes);
  }
  holder.remove();
  return new Blob(pieces, { type: "audio/mpeg" });
}

export const player = new Player();
