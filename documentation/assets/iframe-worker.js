// Search works in pages opened from a disk: there browsers start no workers, so a hidden frame runs the worker's script.
if (location.protocol === "file:") {
    window.Worker = class {
        onmessage = null;
        onerror = null;
        #frame = document.createElement("iframe");
        #begun;

        constructor(url) {
            this.#frame.hidden = true;
            document.body.append(this.#frame);
            const { contentWindow, contentDocument } = this.#frame;
            contentWindow.postMessage = (data) => this.#deliver(this, data);
            const script = contentDocument.createElement("script");
            script.src = url;
            this.#begun = new Promise((resolve) => script.addEventListener("load", resolve));
            script.addEventListener("error", (event) => this.onerror?.(event));
            contentDocument.body.append(script);
        }

        async postMessage(data) {
            await this.#begun;
            this.#deliver(this.#frame.contentWindow, data);
        }

        // As between threads: a copy, and not while the sender still works.
        #deliver(receiver, sent) {
            const data = structuredClone(sent);
            setTimeout(() => receiver?.onmessage?.({ data }));
        }

        terminate() {
            this.#frame.remove();
        }
    };
}
