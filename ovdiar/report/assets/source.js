// The page's own file, taken before anything is drawn, so that it can be written with corrections.

const HOLDER = /(<script type="application\/json" id="saved">)[^<]*/;

function taken() {
  const audio = document.getElementById("audio");
  const text = audio.firstChild;
  text?.remove(); // tens of megabytes, which are not copied
  const source = `<!doctype html>\n${document.documentElement.outerHTML}`;
  if (text) audio.append(text);
  return source;
}

const source = taken();

// Parts of the file, given what it is to keep and the audio in base64.
export function pageParts(saved, audio) {
  const json = JSON.stringify(saved).replaceAll("<", "\\u003c");
  const text = source.replace(HOLDER, (_, opening) => opening + json);
  const opening = '<script type="text/plain" id="audio">';
  const at = text.indexOf(opening) + opening.length;
  return [text.slice(0, at), ...audio, text.slice(at)];
}
