"""The keys that `--json` prints, with their types and meanings: the contract of each command with scripts."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Key:
    """`type` is in words: text, integer, number, boolean, list, object; "or null" may follow. `items` are the keys of
    the objects in a list."""

    name: str
    type: str
    meaning: str
    items: tuple["Key", ...] = ()


JOB = Key("job", "text", "Id of the job.")
INDEX = Key("index", "text", "Name of the index.")
MODEL = Key("model", "text", "The model of the vectors.")
FINGERPRINT = Key("fingerprint", "text", "What tells this model from every other one.")
DIMENSION = Key("dimension", "integer", "How many numbers a vector has.")
NAME = Key("name", "text", "Name of the index.")
MODEL_NAME = Key("name", "text", "Name of the model.")
FOUND = Key("found", "integer", "Images that the job found.")
INDEXED = Key("indexed", "integer", "Images that were written to the index.")
UNCHANGED = Key("unchanged", "integer", "Images that were in the index already, with the same bytes.")
REJECTED = Key("rejected", "integer", "Images that were not indexed, each with a reason.")
REJECTED_AGAIN = Key("rejected_unchanged", "integer", "Rejected images that an earlier job rejected, unchanged since.")
ANNOTATED = Key("annotated", "integer", "Indexed images of which only label or metadata had changed.")
SECONDS = Key("seconds", "number", "How long it took.")
RATE = Key("images_per_second", "number", "Images per second, from the start to the end.")
COUNTS = (FOUND, INDEXED, UNCHANGED, REJECTED)
NOT_DONE = Key("not_done", "integer", "Images that it found and did not work on, because it was cancelled or failed.")
ID = Key("id", "text", "Id of the image: 40 hexadecimal digits.")
URI = Key("uri", "text", "Where the image is: a path, a web address or an address of a store.")
LABEL = Key("name", "text or null", "The label.")
METADATA = Key("metadata", "object", "The metadata of the image, by field.")
INGESTED = Key("ingested_at", "text", "When the image was indexed (UTC, ISO 8601).")
TAKEN = Key("taken_at_ms", "integer or null", "When the photograph was taken, in milliseconds since 1970.")
ANN = Key("ann_vectors", "integer or null", "Vectors in the ANN index of an embedded index; 0 without one.")
VERSION = Key("physical", "text", "The version of the index, such as `images-v2`.")
REASONS = Key("rejected", "object", "Rows and files that would be rejected: the number for each reason.")
STATE = (
    Key("kind", "text", "`ingest`, or `map` for one of `lookalike map`."),
    Key("state", "text", "How far the job is: `enumerating`, `draining`, `finished`, `failed`, `cancelled`, ..."),
    Key("source", "text", "What the job reads, one source per line."),
)
PROGRESS = (
    *(JOB, *STATE, INDEX, MODEL, *COUNTS),
    Key("placed", "integer", "Images that have a place on the map."),
    NOT_DONE,
    Key("resent", "integer", "Messages that were lost and sent again."),
    Key("seconds", "number", "From the start of the job to its end, or to now."),
    Key("error", "text", "Why the job failed; empty otherwise."),
)
#: Images by what a comparison of sources with the index finds.
STATUSES = (
    Key("present", "integer", "Images that are in the index, unchanged."),
    Key("missing", "integer", "Images that are not in the index."),
    Key("stale", "integer", "Images that have changed since they were indexed."),
    Key("orphaned", "integer", "Images of the index that the sources no longer have."),
    Key("wrong_model", "integer", "Images whose vectors are of another model."),
    Key("unreadable", "integer", "Files that cannot be read now."),
)
ORIGIN = (
    MODEL_NAME,
    FINGERPRINT,
    Key("backbone", "text", "The network before the head."),
    Key("weights", "text", "Where its weights come from."),
    Key("preprocessing", "text", "How pixels become its input."),
    Key("size", "integer", "Side of the images that it sees, in pixels."),
    Key("pooling", "text", "How its features become one vector."),
    Key("head", "text", "The fitted head; `none` without one."),
    DIMENSION,
    Key("metric", "text", "How its vectors are compared: `cosine` or `l2`."),
    Key("built", "boolean", "Whether it is compiled on this machine."),
)
PROMOTED = (NAME, VERSION, Key("before", "text", "The version before."), MODEL, FINGERPRINT)

#: Command -> its keys. `status JOB` is `status` with a job.
CONTRACTS: dict[str, tuple[Key, ...]] = {
    "ingest": (JOB, INDEX, MODEL, *COUNTS, REJECTED_AGAIN, ANNOTATED, SECONDS, RATE),
    "sync": (
        *STATUSES,
        Key("deleted", "integer", "Orphans that were removed from the index."),
        Key("to_ingest", "integer", "Images that differ, before the ingest."),
        Key("to_delete", "integer", "Orphans that may be deleted."),
        Key("metadata_removed", "integer", "Images that lost metadata, because the sources no longer give it."),
        Key("kept", "integer", "Orphans that are kept because they may still exist."),
        Key("job", "text or null", "Id of the job that ingested; null if nothing differed."),
        *(INDEXED, UNCHANGED, REJECTED, REJECTED_AGAIN, ANNOTATED),
    ),
    "verify": (*STATUSES, Key("rejected", "integer", "Images that are rejected for a reason that stands.")),
    "sources check": (
        Key("images", "integer", "Images that an ingest would find."),
        Key("is_complete", "boolean", "Whether all was counted before the time was over."),
        Key("places", "object", "Images for each kind of place, such as `files`."),
        Key("suffixes", "object", "Images for each suffix of a name."),
        Key("labels", "integer", "How many labels there are."),
        Key("labelled", "integer", "Images with a label."),
        Key("tables", "list", "The tables: format, columns and their types."),
        Key("examples", "list", "The first images.", (URI, Key("label", "text or null", "The label."), METADATA)),
        Key("repeated", "integer", "Rows that name the image of an earlier row."),
        Key("looked_for", "integer", "Files that were looked for on this machine."),
        Key("missing", "integer", "Those of them that do not exist."),
        Key("missing_examples", "list", "The first of these, as texts."),
        REASONS,
        Key("rejected_examples", "list", "The first of these, with `uri`, `reason` and `detail`."),
        Key("notes", "list", "What people should know, as sentences."),
    ),
    "status": (Key("jobs", "list", "The latest jobs, newest first.", PROGRESS),),
    "status JOB": (
        *PROGRESS,
        Key("reasons", "object", "The number of rejected images for each reason."),
        Key("waiting", "list", "The hosts that images wait for, with their numbers."),
        Key("returned", "text", "Why chunks wait to be tried again; empty if none do."),
    ),
    "failed list": (
        Key(
            *("failed", "list", "The rejected images."),
            (
                Key("job", "text", "Id of the job that rejected it."),
                URI,
                Key("reason", "text", "One word, from a fixed list."),
                Key("detail", "text", "What exactly is wrong; may be empty."),
                Key("label", "text or null", "The label."),
                METADATA,
                Key("kept", "boolean", "Whether the index still has the image as it was before."),
                Key("size_bytes", "integer or null", "Size of the file, in bytes."),
                Key("modified_at", "number, text or null", "When the file was changed last."),
                Key("content_sha256", "text or null", "SHA-256 of the file; empty if it was not read."),
            ),
        ),
    ),
    "failed retry": (
        Key("job", "text or null", "Id of the newest of the new jobs; null if nothing was retried."),
        Key("index", "text or null", "Name of its index."),
        Key("model", "text or null", "The model of its vectors."),
        *(*COUNTS, REJECTED_AGAIN, ANNOTATED, SECONDS, RATE),
        Key("jobs", "list", "Ids of all new jobs, newest first; the numbers are of all of them."),
    ),
    "failed clear": (Key("forgotten", "integer", "Rejected images that are forgotten."),),
    "cancel": (
        *(JOB, STATE[1], *COUNTS),
        NOT_DONE,
    ),
    "search": (
        Key(
            *("matches", "list", "The matches, best first."),
            (
                *(ID, URI, LABEL),
                Key("score", "number", "The similarity to the query: higher for nearer images, at most 1."),
                *(METADATA, INGESTED, TAKEN),
            ),
        ),
        Key("took_ms", "number", "How long the search took, in milliseconds."),
        MODEL,
        Key("candidates", "integer", "How many of the nearest images were looked at."),
        Key("stages_ms", "object", "The time of each stage, in milliseconds."),
    ),
    "list": (
        *(ID, URI, LABEL),
        Key("width", "integer", "Width of the image, in pixels."),
        Key("height", "integer", "Height of the image, in pixels."),
        *(INGESTED, TAKEN, METADATA),
    ),
    "duplicates": (
        INDEX,
        Key("threshold", "number or null", "The lowest score of near images; null: only identical ones."),
        Key("images", "integer", "How many images were compared."),
        Key(
            *("groups", "list", "The groups, identical images first."),
            (
                Key("kind", "text", "`identical`: all files have the same bytes; `near`: they look alike."),
                Key("score", "number", "The lowest score of an image with the centre."),
                Key("centre", "text", "Id of the image that all others are near."),
                Key("keep", "text", "Id of the image that we propose to keep."),
                Key(
                    "why", "text", "Why: it has the most `pixels`, the most `bytes`, is the `oldest`, or by its `path`."
                ),
                Key("images", "list", "The images of the group."),
            ),
        ),
    ),
    "facets": (
        INDEX,
        Key("images", "integer", "How many images meet the filters."),
        Key(
            *("facets", "list", "One for each field."),
            (
                Key("field", "text", "Name of the field."),
                Key("type", "text", "Its type."),
                Key("documents", "integer", "How many images have a value."),
                Key("values", "list", "The most frequent values, each with `value` and `documents`."),
                Key("ranges", "list", "Of numbers and dates: ranges, each with `min`, `below` and `documents`."),
                Key("least", "integer, number, text or null", "The least value of a number or a date."),
                Key("greatest", "integer, number, text or null", "The greatest value of a number or a date."),
            ),
        ),
    ),
    "map": (
        INDEX,
        Key("version", "text", "The version of the index that the map belongs to."),
        Key("images", "integer", "Images on the map."),
        Key("sample", "integer", "Images that were laid out together."),
        SECONDS,
    ),
    "evaluate": (
        Key("folder", "text", "The folder of labelled images."),
        Key("index", "text", "Where the temporary index was."),
        Key("model", "text", "The first model; its figures follow."),
        FINGERPRINT,
        Key("fitted_on_stored_part", "boolean", "Whether its head was fitted anew on each split."),
        Key("k", "integer", "How many results count."),
        Key("size", "integer", "How many results were asked for."),
        Key("seeds", "list", "The seeds of the splits."),
        Key("rejected", "integer or object", "Files that are not valid images."),
        Key("stored", "integer", "Images in the index of the first split."),
        Key("queries", "integer", "Images that were searched with, in one split."),
        Key("hit_at_k", "number", "Share of queries with an image of their class among the first k."),
        Key("hit_at_size", "number", "The same among all results that were asked for."),
        Key("precision_at_1", "number", "Share of queries whose first result has their class."),
        Key("precision_at_k", "number", "Mean share of the first k results that have the class of the query."),
        Key("map_at_k", "number", "Mean average precision of the first k results."),
        Key("recall_vs_exact", "number", "Share of the true nearest images that the index found."),
        Key("confidence_95", "object", "The interval of 95 % confidence of each figure."),
        Key("latency_ms", "object", "Times of a search in milliseconds: `p50` and `p99`."),
        Key("embed_seconds", "number", "How long it took to embed the images."),
        Key("models", "list", "The figures of each model, also by split and by class."),
        Key("notes", "list", "What people should know, as sentences."),
    ),
    "model list": (
        Key(
            *("models", "list", "The models that have a name."),
            (MODEL_NAME, FINGERPRINT, ORIGIN[10], ORIGIN[9], ORIGIN[7]),
        ),
    ),
    "model info": (
        *ORIGIN,
        Key("flip", "boolean", "Whether each image is embedded together with its mirror image."),
        Key("quantized", "boolean", "Whether it computes with 8-bit integers."),
    ),
    "model build": (MODEL_NAME, FINGERPRINT, DIMENSION),
    "model add": (
        *(MODEL_NAME, FINGERPRINT, DIMENSION, ORIGIN[5], ORIGIN[4]),
        Key("source", "text", "The file that it was made from."),
        Key("ms_per_image", "number", "Milliseconds for an image, on one thread of this machine."),
        Key("same_class", "number", "Share of drawn images whose nearest image shows the same."),
        Key("notes", "list", "What people should know, as sentences."),
    ),
    "model fit": (
        *(MODEL_NAME, FINGERPRINT, DIMENSION),
        Key("rejected", "integer", "Files of the folder that are not valid images."),
        SECONDS,
    ),
    "model quantize": (MODEL_NAME, FINGERPRINT, DIMENSION, SECONDS),
    "reembed": (
        Key("job", "text or null", "Id of the job; null if there was nothing to do."),
        *(INDEX, MODEL, *COUNTS, REJECTED_AGAIN, ANNOTATED, SECONDS, RATE),
        Key("alias", "text", "Name of the index whose images are embedded again."),
        Key("source", "text", "The version that their addresses come from."),
    ),
    "index list": (
        Key(
            *("indexes", "list", "All versions of all indexes."),
            (
                *(NAME, VERSION),
                Key("current", "boolean", "Whether searches use this version."),
                *(MODEL, FINGERPRINT),
                Key("documents", "integer", "How many images it has."),
                Key("size_bytes", "integer", "Its size on disk, in bytes."),
                ANN,
            ),
        ),
    ),
    "index create": (NAME, MODEL, FINGERPRINT),
    "index restore": (NAME, Key("was_loading", "boolean", "Whether it was in bulk-load mode.")),
    "index optimize": (
        NAME,
        Key("before", "integer", "Segments before."),
        Key("after", "integer", "Segments now."),
        ANN,
    ),
    "index export": (
        NAME,
        Key("file", "text", "The file that was written."),
        Key("images", "integer", "How many images it has."),
    ),
    "index promote": PROMOTED,
    "index rollback": PROMOTED,
    "index delete": (NAME, Key("deleted", "list", "The deleted versions, as texts.")),
    "bench": (
        Key("end_to_end_images_per_second", "number", "What the whole pipeline did."),
        Key(
            "forward_images_per_second", "number", "What the model alone could do: cores / CPU time of the stage embed."
        ),
        Key("bound_images_per_second", "number", "What all stages could do: cores / CPU time of all stages."),
        Key("efficiency", "number or null", "The first of these rates as a share of the third."),
        Key("bottleneck", "text", "What limits the rate: a stage, `workers`, `queue` or `other programs`."),
        Key("why", "text", "How that shows."),
        Key("advice", "list", "What makes it faster, best first, as sentences."),
        Key("hours_per_million", "number", "Hours for a million images, at the rate of the whole pipeline."),
        Key("run", "text", "Id of this measurement."),
        Key("images", "integer", "Images that were measured."),
        Key("rejected", "integer", "Files that are not valid images; they are not measured."),
        Key("facts", "object", "What is known of this machine and of the model."),
        Key("notes", "list", "Reasons to doubt the numbers, as sentences."),
        Key("stages", "object", "CPU and wall time of each stage, in seconds per image."),
    ),
    "doctor": (
        Key("fine", "boolean", "Whether nothing is wrong."),
        Key(
            *("findings", "list", "What was checked."),
            (
                Key("what", "text", "What it is about."),
                Key("is_fine", "boolean or null", "Whether it is as it should be; null for information and warnings."),
                Key("detail", "text", "What was found."),
                Key("advice", "text", "What to do about it; empty if it is fine."),
            ),
        ),
    ),
    "uninstall-data": (
        Key("home", "text", "The folder that LOOKALIKE_HOME names."),
        Key("dry_run", "boolean", "Whether nothing was removed."),
        Key(
            *("removed", "list", "What was removed, or would be."),
            (
                Key("what", "text", "What it holds."),
                Key("path", "text", "The file or folder."),
                Key("size_bytes", "integer", "Bytes of its files."),
            ),
        ),
    ),
}
