// Paints the points: with WebGL on a graphics card, or else pixel by pixel. Both paint a hundred thousand in one frame.

import { inOrder, paintDiscs } from "./map-pixels.js";

const VERTEX = `
attribute vec2 place;
attribute vec4 colour;
uniform vec2 middle;
uniform vec2 scale;
uniform float size;
varying vec4 painted;
void main() {
  painted = colour;
  gl_Position = colour.a == 0.0 ? vec4(2.0, 2.0, 0.0, 1.0) : vec4((place - middle) * scale, 0.0, 1.0);
  gl_PointSize = size;
}`;
const FRAGMENT = `
precision mediump float;
varying vec4 painted;
void main() {
  vec2 off = gl_PointCoord - 0.5;
  if (dot(off, off) > 0.25) discard;
  gl_FragColor = vec4(painted.rgb * painted.a, painted.a);
}`;
//: Programs that compute WebGL without a card, of Chromium, Mesa and Windows.
const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;
//: Diameter of a point in CSS pixels: at least, at most, and for a map of so many points that they fill it.
const [SMALLEST, LARGEST, FULL] = [2, 9, 700];

/** A painter for a canvas: `points(data)`, `colours(rgba)` with four bytes for each point, and `paint(camera, ratio)`. */
export function painterFor(canvas) {
  // A canvas that has had a context of WebGL gives no other one: another canvas tells first.
  const gl = hasCard() ? canvas.getContext("webgl", { antialias: false, depth: false, stencil: false }) : null;
  return gl ? new GlPainter(gl) : new PixelPainter(canvas.getContext("2d", { willReadFrequently: true }));
}

/** Whether a graphics card computes WebGL. In software it is slow, and the browser copies each frame: pixels in memory
 * take less. Chromium gives a context also if that is a caveat, so its name decides. */
function hasCard() {
  const gl = document.createElement("canvas").getContext("webgl", { failIfMajorPerformanceCaveat: true });
  const names = gl?.getExtension("WEBGL_debug_renderer_info");
  return gl !== null && !SOFTWARE.test(gl.getParameter(names?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER));
}

/** In CSS pixels. */
function sizeOf(count, camera) {
  return Math.min(LARGEST, Math.max(SMALLEST, (FULL / Math.sqrt(count + 1)) * Math.sqrt(camera.view.zoom)));
}

class GlPainter {
  kind = "webgl";
  #gl;
  #program = null;
  #places = null;
  #colours = null;
  #buffers = [];
  #uniforms = {};

  constructor(gl) {
    this.#gl = gl;
    // A browser takes the context away under pressure, and gives it back empty.
    gl.canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    gl.canvas.addEventListener("webglcontextrestored", () => this.#build());
    this.#build();
  }

  points(data) {
    this.#places = data.places;
    this.#upload(0, data.places);
  }

  colours(rgba) {
    this.#colours = rgba;
    this.#upload(1, rgba);
  }

  paint(camera, ratio) {
    const gl = this.#gl;
    gl.viewport(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    if (!this.#places || !this.#colours) {
      return;
    }
    const { middle, scale, size } = this.#uniforms;
    gl.uniform2f(middle, camera.view.x, camera.view.y);
    gl.uniform2f(scale, (2 * camera.scale) / camera.width, (-2 * camera.scale) / camera.height);
    gl.uniform1f(size, sizeOf(this.#places.length / 2, camera) * ratio);
    gl.drawArrays(gl.POINTS, 0, this.#places.length / 2);
  }

  #build() {
    const gl = this.#gl;
    this.#program = gl.createProgram();
    for (const [type, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(type);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(this.#program, shader);
    }
    gl.linkProgram(this.#program);
    gl.useProgram(this.#program);
    for (const name of ["middle", "scale", "size"]) {
      this.#uniforms[name] = gl.getUniformLocation(this.#program, name);
    }
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.#buffers = [
      this.#attribute("place", 2, gl.FLOAT, false),
      this.#attribute("colour", 4, gl.UNSIGNED_BYTE, true),
    ];
    this.#upload(0, this.#places);
    this.#upload(1, this.#colours);
  }

  #attribute(name, size, type, isShare) {
    const gl = this.#gl;
    const buffer = gl.createBuffer();
    const place = gl.getAttribLocation(this.#program, name);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.enableVertexAttribArray(place);
    gl.vertexAttribPointer(place, size, type, isShare, 0, 0);
    return buffer;
  }

  #upload(number, array) {
    if (array) {
      this.#gl.bindBuffer(this.#gl.ARRAY_BUFFER, this.#buffers[number]);
      this.#gl.bufferData(this.#gl.ARRAY_BUFFER, array, this.#gl.STATIC_DRAW);
    }
  }
}

class PixelPainter {
  kind = "2d";
  #context;
  #places = null;
  #points = null;
  //: What was painted last: of the same size, it is used again.
  #image = null;

  constructor(context) {
    this.#context = context;
  }

  points(data) {
    [this.#places, this.#points] = [data.places, null];
  }

  colours(rgba) {
    this.#points = inOrder(this.#places, rgba);
  }

  paint(camera, ratio) {
    const { width, height } = this.#context.canvas;
    const pixels = this.#empty(width, height);
    if (this.#points) {
      const scale = camera.scale * ratio;
      const { x, y } = camera.view;
      const shift = { scale, left: width / 2 - x * scale, top: height / 2 - y * scale };
      const side = Math.max(1, Math.round(sizeOf(this.#places.length / 2, camera) * ratio));
      paintDiscs(pixels, { width, height }, this.#points, shift, side);
    }
    this.#context.putImageData(this.#image, 0, 0);
  }

  #empty(width, height) {
    if (this.#image?.width !== width || this.#image.height !== height) {
      this.#image = this.#context.createImageData(width, height);
      return new Uint32Array(this.#image.data.buffer);
    }
    return new Uint32Array(this.#image.data.buffer).fill(0);
  }
}
