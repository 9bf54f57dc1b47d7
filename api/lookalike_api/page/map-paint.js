// Paints the points: with WebGL, or pixel by pixel where there is none. Both paint a hundred thousand in one frame.

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
//: Diameter of a point in CSS pixels: at least, at most, and for a map of so many points that they fill it.
const [SMALLEST, LARGEST, FULL] = [2, 9, 700];

/** A painter for a canvas: `points(data)`, `colours(rgba)` with four bytes for each point, and `paint(camera, ratio)`. */
export function painterFor(canvas) {
  const gl = canvas.getContext("webgl", { antialias: false, depth: false, stencil: false });
  return gl ? new GlPainter(gl) : new PixelPainter(canvas.getContext("2d"));
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
    const at = (name) => gl.getUniformLocation(this.#program, name);
    gl.uniform2f(at("middle"), camera.view.x, camera.view.y);
    gl.uniform2f(at("scale"), (2 * camera.scale) / camera.width, (-2 * camera.scale) / camera.height);
    gl.uniform1f(at("size"), sizeOf(this.#places.length / 2, camera) * ratio);
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
  #colours = null;

  constructor(context) {
    this.#context = context;
  }

  points(data) {
    this.#places = data.places;
  }

  colours(rgba) {
    this.#colours = new Uint32Array(rgba.buffer);
  }

  paint(camera, ratio) {
    const { width, height } = this.#context.canvas;
    const image = this.#context.createImageData(width, height);
    if (this.#places && this.#colours) {
      const pixels = new Uint32Array(image.data.buffer);
      const side = Math.max(1, Math.round(sizeOf(this.#colours.length, camera) * ratio));
      this.#fill(pixels, width, height, side, camera, ratio);
    }
    this.#context.putImageData(image, 0, 0);
  }

  /** A square for each point that lies in the frame. */
  #fill(pixels, width, height, side, camera, ratio) {
    const scale = camera.scale * ratio;
    const left = width / 2 - camera.view.x * scale - side / 2;
    const top = height / 2 - camera.view.y * scale - side / 2;
    for (let point = 0; point < this.#colours.length; point++) {
      const x = Math.round(this.#places[2 * point] * scale + left);
      const y = Math.round(this.#places[2 * point + 1] * scale + top);
      const colour = this.#colours[point];
      if (colour >>> 24 && x >= 0 && y >= 0 && x + side <= width && y + side <= height) {
        for (let row = y; row < y + side; row++) {
          pixels.fill(colour, row * width + x, row * width + x + side);
        }
      }
    }
  }
}
