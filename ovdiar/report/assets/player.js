// Audio playback and its position, which can be set even without audio.

import { report } from "./content.js";
import { warn } from "./announcements.js";
import { embedded } from "./sound.js";

class Player {
  constructor() {
    this.sound = new Audio();
    this.sound.preload = "auto";
    this.time = 0;
    this.until = null; // where playback stops
    this.listeners = [];
    this.sound.addEventListener("timeupdate", () => this.#follow());
    this.sound.addEventListener("loadedmetadata", () => (this.sound.currentTime = this.time));
    for (const event of ["play", "pause", "ended"]) this.sound.addEventListener(event, () => this.#notifyListeners());
    this.sound.addEventListener("play", () => this.#run());
    this.sound.addEventListener("error", () => {
      warn(report.link === null ? "This browser cannot play the recording." : `${decodeURI(report.link)} cannot be played: copy the recording to this path, relative to this page.`);
    });
    setTimeout(() => this.#load(), 0); // draw the page first
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
    this.#notifyListeners();
  }

  play(from = null, until = null) {
    if (from !== null) this.seek(from);
    else if (this.time >= report.duration - 0.05) this.seek(0);
    this.until = until;
    this.#load();
    this.sound.play().catch(() => this.#notifyListeners()); // "error" reports the reason
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
      this.#notifyListeners();
    }
  }

  #notifyListeners() {
    for (const listener of this.listeners) listener(this.time, this.playing);
  }
}

export const player = new Player();
