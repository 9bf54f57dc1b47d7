"""The settings, from LOOKALIKE_* variables and files. Only entry points read them; they pass them down."""

import errno
import json
import logging
import os
import re
from collections.abc import Collection
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal

from platformdirs import user_data_path
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from lookalike.addresses import UNSENDABLE, folder_url, path_prefix, plain_address
from lookalike.errors import BadSetting
from lookalike.logs import passwords
from lookalike.machine import usable_cores
from lookalike.roots import Roots, parse_root
from lookalike.shown import shown, visible
from lookalike.variables import PREFIX as PREFIX
from lookalike.variables import check_files, check_names, check_origins, files, given, renamed_values

logger = logging.getLogger(__name__)

#: A node that restarts is back after two or three of these.
INDEX_RETRY_S = 20.0
#: Writing 8 MB to a busy OpenSearch takes seconds.
INDEX_TIMEOUT_S = 60.0

ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d{1,5})?")

USER_AGENT = re.compile(r"[A-Za-z_-]{1,60}([/ ][ -~]{0,400})?")

INDEX_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,99}")

#: As long as the longest path below a home.
_LONGEST_INSIDE = "x" * 250

#: Values of settings that are lists.
_EXAMPLES = {"ROOTS": '["/images", "https://images.example/"]', "TRUSTED_PROXIES": '["10.0.0.7"]'}

#: Settings that only searches need.
NOT_FOR_WORKERS = frozenset({"api_url", "api_key"})


class Settings(BaseSettings):
    """Every field has a default that works on a laptop with nothing configured."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    home: Path = Field(
        default_factory=lambda: usual_home(),
        description="Folder for models, the embedded index, the embedded broker and logs. Unset: the user's data "
        "folder, on Linux `~/.local/share/lookalike`.",
    )
    broker_url: SecretStr | None = Field(
        None,
        description="Redis, as a `redis://`, `rediss://` or `redis+socket://` URL. Unset: lookalike starts a Redis of "
        "its own.",
    )
    index_url: SecretStr | None = Field(
        None,
        description="Where indexes are: `https://user:password@host:9200` for OpenSearch, `lancedb:///path` for "
        "LanceDB. Unset: LanceDB in the home folder.",
    )
    index: str = Field("images", description="Name of the index.")
    model: str = Field(
        "efficientnet-lite0",
        description="Name of a model, or path of a `.keras`, `.onnx` or OpenVINO `.xml` file. Options such as `:int8` "
        "may follow.",
    )
    weights: Path | None = Field(None, description="A `.keras` file to use as the backbone of the named model.")
    preprocessing: str | None = Field(
        None,
        description="Preprocessing that the model of a file expects: `caffe`, `tf`, `torch`, `lite`, `clip`, `none`, "
        "the path of a `preprocessor_config.json`, or numbers such as `mean=0.5+std=0.5`. Options may follow.",
    )
    text_model: Path | None = Field(
        None,
        description="Text encoder that was trained with the model: a `.keras` or `.onnx` file, or OpenVINO's `.xml`.",
    )
    tokenizer: Path | None = Field(None, description="The `tokenizer.json` of the text encoder.")
    runtime: Literal["auto", "jax", "openvino", "tensorflow"] = Field(
        "auto",
        description="Library that runs the model: `openvino` on the CPU, `jax` or `tensorflow` on a GPU. `auto`: a "
        "worker with a GPU takes `jax` if the extra `gpu` or `gpu-cuda12` is installed, and `tensorflow` otherwise; "
        "everything else takes `openvino`.",
    )
    precision: Literal["auto", "f32", "bf16"] = Field(
        "auto",
        description="Precision of the model's numbers. `auto`: on a CPU the faster one (workers measure it for models "
        "with `:int8`), on a GPU `bf16` if the card has it.",
    )
    gpu_decoding: bool = Field(
        False, description="Whether larger JPEGs are decoded on the GPU, with JAX and nvImageCodec."
    )
    concurrency: int = Field(
        0,
        ge=0,
        le=512,
        description="Processes of each worker. On a CPU each of them runs the model, and `0` means one per core. On a "
        "GPU they decode images, one more process per GPU runs the model, and `0` means the number that "
        "`lookalike bench` measured, or else one per core.",
    )
    chunk_size: int = Field(
        64,
        ge=1,
        le=1024,
        description="Images per task. Up to 512 images that seem unchanged since the last ingest share one task.",
    )
    queue_limit: int = Field(512, ge=1, description="Number of outstanding tasks at which an ingest pauses.")
    time_limit_s: int = Field(240, ge=5, le=3600, description="Time for a task. After it, its process is killed.")
    stalled_after_s: int = Field(
        60,
        ge=1,
        description="Time after which a worker exits if it gets no messages although some wait. Its supervisor "
        "starts it again.",
    )
    roots: tuple[str, ...] = Field(
        ("/",), description="Folders, web addresses, stores and networks that workers may read."
    )
    respect_robots: bool = Field(
        True, description="Whether workers obey the `robots.txt`, `X-Robots-Tag` and `TDM-Reservation` of web hosts."
    )
    user_agent: str | None = Field(
        None,
        description="How workers introduce themselves to web hosts, best with an address: "
        "`shopbot/1.0 (+https://shop.example/bot)`. Unset: `lookalike/` and the version.",
    )
    max_image_bytes: int = Field(
        100 * 2**20, ge=1, description="Largest image file. Larger ones are rejected as `too_large`."
    )
    max_image_pixels: int = Field(64_000_000, ge=1, description="Largest image. Larger ones are rejected as `bomb`.")
    fetches: int = Field(32, ge=1, le=1024, description="Requests for images at once, of each process.")
    fetch_bytes: int = Field(
        64 * 2**20,
        ge=1,
        description="Size of the images that a process fetches ahead of decoding. One image may be larger.",
    )
    host_connections: int = Field(
        16,
        ge=1,
        le=1024,
        description="Requests at once to one web host, of each process. Object stores take all of `LOOKALIKE_FETCHES`.",
    )
    host_rate: float = Field(0, ge=0, description="Requests per second to one host, of each process. `0`: no limit.")
    host_wait_s: int = Field(
        300,
        ge=0,
        description="Time for which images of a host that is away are tried again. After it, they are rejected as "
        "`host_unavailable`.",
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="Format of the logs. `json`: one object per line, for containers."
    )
    insecure: bool = Field(
        False, description="Whether credentials may be sent to another host over plain `http` or `redis`."
    )
    ca_certs: Path | None = Field(
        None,
        description="File with certificate authorities for `https` and `rediss`. Hosts of images may also have a "
        "certificate of a public authority. Unset: the public authorities.",
    )
    client_cert: Path | None = Field(None, description="Client certificate, if OpenSearch or Redis requires one.")
    client_key: Path | None = Field(None, description="Key of the client certificate, without a passphrase.")
    aws_region: str | None = Field(
        None,
        description="AWS region of an Amazon OpenSearch Service; requests are signed for it. Needs the extra `aws`.",
    )
    aws_service: Literal["es", "aoss"] = Field(
        "es", description="What signed requests are for. `es`: OpenSearch Service; `aoss`: OpenSearch Serverless."
    )
    engine: Literal["lucene", "faiss", "nmslib"] = Field(
        "lucene", description="k-NN engine of a new index. `nmslib` is for OpenSearch before version 3."
    )
    hnsw_m: int = Field(16, ge=2, le=512, description="Links per node of the HNSW graph.")
    hnsw_ef_construction: int = Field(100, ge=1, le=10_000, description="HNSW candidates when a vector is added.")
    hnsw_ef_search: int = Field(
        100, ge=1, le=10_000, description="HNSW candidates of a search. A search for more matches takes that many."
    )
    quantization: Literal["none", "byte", "fp16", "bit", "flat"] = Field(
        "none",
        description="How vectors are stored. `none`: float32; `byte`: one byte per dimension (lucene); `fp16`: two "
        "bytes (faiss); `bit`: one bit (lucene and faiss, from OpenSearch 3.6 on); `flat`: one bit, without a graph "
        "(lucene).",
    )
    vector_mode: Literal["", "in_memory", "on_disk"] = Field("", description="Where faiss keeps full vectors.")
    compression: Literal["", "1x", "2x", "4x", "8x", "16x", "32x"] = Field(
        "", description="Compression level of faiss. With lucene, `32x` is the same as `LOOKALIKE_QUANTIZATION=bit`."
    )
    ann_rows: int = Field(
        20_000,
        ge=1,
        description="Number of images from which on the end of a job builds an ANN index. Smaller indexes are "
        "searched exactly.",
    )
    shards: int = Field(1, ge=1, description="Primary shards of a new index.")
    replicas: int = Field(0, ge=0, description="Replicas of a new index.")

    api_url: SecretStr | None = Field(
        None, description="Query service that searches ask. Unset: a search loads the model itself."
    )
    api_key: SecretStr | None = Field(
        None,
        description="API key that clients of the query service must send: at least 8 characters if the service is "
        "reachable from other machines, better 32. Unset: clients need no key.",
    )
    api_retry: bool = Field(
        False,
        description="Whether clients with the API key may retry rejected images. Without a key, the user who runs the "
        "service may always do so.",
    )
    cors_origins: tuple[str, ...] = Field(
        (),
        description='Web origins, such as `["https://shop.example"]`, whose pages may call the query service and show '
        "images.",
    )
    root_path: str = Field("", description="Path under which a proxy serves the query service, such as `/photos`.")
    trusted_proxies: tuple[str, ...] = Field(
        (),
        description='Addresses and networks, such as `["10.0.0.7"]`, of proxies whose `X-Forwarded-*` headers count.',
    )
    max_upload_bytes: int = Field(32 * 2**20, ge=1, description="Largest request body of the query service.")
    max_searches: int = Field(
        32, ge=1, le=1024, description="Searches at once. Further clients are asked to retry later."
    )
    search_timeout_s: float = Field(
        10.0, ge=0.1, le=300, description="Time for a search. Decoding its image may take 80 % of it."
    )
    thumbnail_cache_bytes: int = Field(32 * 2**20, ge=0, description="Memory for thumbnails.")

    @field_validator(
        "broker_url",
        "index_url",
        "api_url",
        "api_key",
        "weights",
        "preprocessing",
        "text_model",
        "tokenizer",
        "ca_certs",
        "client_cert",
        "client_key",
        "aws_region",
        "user_agent",
        mode="before",
    )
    @classmethod
    def _empty_means_unset(cls, value: Any) -> Any:
        # Compose files pass an unset variable on as an empty string.
        return None if value == "" else value

    @field_validator("cors_origins", mode="after")
    @classmethod
    def _are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        # As browsers write them: any other spelling would match no page.
        origins = tuple(origin.strip().removesuffix("/").lower() for origin in value)
        for origin in origins:
            if origin != "*" and not ORIGIN.fullmatch(origin):
                raise ValueError("an origin is a scheme, a host and perhaps a port, such as https://shop.example")
        return origins

    @field_validator("root_path", mode="after")
    @classmethod
    def _is_a_prefix(cls, value: str) -> str:
        return path_prefix(value)

    @field_validator("trusted_proxies", mode="after")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            try:
                ip_network(text)
            except ValueError as error:
                raise ValueError("a proxy is an address or a network, such as 10.0.0.7 or 10.0.0.0/8") from error
        return value

    @field_validator("api_key", mode="after")
    @classmethod
    def _fits_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and UNSENDABLE.search(value.get_secret_value()):
            raise ValueError("a key must not begin or end with a space, nor contain a control character")
        return value

    @field_validator("user_agent", mode="after")
    @classmethod
    def _is_a_user_agent(cls, value: str | None) -> str | None:
        if value is not None and not USER_AGENT.fullmatch(value):
            raise ValueError("it begins with a name of ASCII letters, such as shopbot/1.0 (+https://shop.example/bot)")
        return value

    @field_validator("index", mode="after")
    @classmethod
    def _is_an_index_name(cls, value: str) -> str:
        if not INDEX_NAME.fullmatch(value):
            raise ValueError(
                "a name has at most 100 lower-case letters, digits, '_', '.' and '-', and begins with a letter"
            )
        return value

    @field_validator("roots", mode="before")
    @classmethod
    def _are_texts(cls, value: Any) -> Any:
        return tuple(map(str, value)) if isinstance(value, tuple | list) else value

    @field_validator("roots", mode="after")
    @classmethod
    def _are_roots(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        # Folders are made absolute here, because a worker may have another working folder.
        return tuple(str(root) if isinstance(root := parse_root(text), Path) else text for text in value)

    @field_validator("home", mode="before")
    @classmethod
    def _empty_means_the_usual_home(cls, value: Any) -> Any:
        # An empty path would be the working folder.
        return usual_home() if value == "" else value

    @field_validator("home", mode="after")
    @classmethod
    def _resolved(cls, value: Any) -> Any:
        try:
            return value.expanduser().absolute()
        except RuntimeError as error:
            raise ValueError("the user after ~ does not exist") from error
        except FileNotFoundError as error:
            raise ValueError("the working folder does not exist any more, so the path must be absolute") from error

    @field_validator("home", mode="after")
    @classmethod
    def _has_room_for_files(cls, value: Path) -> Path:
        try:
            os.lstat(value / _LONGEST_INSIDE)
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                raise ValueError("the path is too long, or a name in it is") from error
        return value

    @field_validator("home", mode="after")
    @classmethod
    def _is_no_folder_of_the_system(cls, value: Path) -> Path:
        # Its folder `run` would be closed to other users: / and /var have one that all of them need.
        if os.path.realpath(value / "run") == "/run":
            raise ValueError("it is a folder of the system; name a folder in it")
        return value

    @field_validator("home", mode="after")
    @classmethod
    def _is_a_usable_name(cls, value: Path) -> Path:
        # LanceDB's paths are UTF-8 without control characters.
        if visible(str(value)) != str(value):
            raise ValueError("a path with control characters, or that is not valid UTF-8, cannot hold an index")
        return value

    @property
    def index_location(self) -> str:
        """The URL of the index, with credentials."""
        return self.index_url.get_secret_value() if self.index_url else folder_url("lancedb", self.home / "index")

    @property
    def index_address(self) -> str:
        """The URL of the index without credentials, for messages, logs and the ledger."""
        return plain_address(self.index_location)

    @property
    def folders(self) -> tuple[Path, ...]:
        """Those of the roots that are folders."""
        return Roots.parse(self.roots).folders

    def variables(self) -> dict[str, str]:
        """The LOOKALIKE_* variables that give a worker the same settings; they include secrets."""
        names = self.model_fields_set - NOT_FOR_WORKERS
        values = {name: getattr(self, name) for name in names}
        return {PREFIX + name.upper(): _as_text(value) for name, value in values.items() if value is not None}

    @property
    def secrets(self) -> list[str]:
        """Texts that logs must not contain: the passwords in URLs, and the API key."""
        urls = [url.get_secret_value() for url in (self.broker_url, self.index_url, self.api_url) if url]
        return [*passwords(*urls), *([self.api_key.get_secret_value()] if self.api_key else [])]

    @property
    def index_retry_s(self) -> float:
        """Seconds for which a chunk retries while the index is away; twice this fits into its time limit."""
        return min(INDEX_RETRY_S, self.time_limit_s / 6)

    @property
    def index_timeout_s(self) -> float:
        """Seconds for one request to the index: a chunk whose network swallows everything must end before its limit."""
        return min(INDEX_TIMEOUT_S, self.time_limit_s / 4)

    @property
    def fetch_limit_s(self) -> float:
        """Seconds for fetching a chunk: what has not come then is put aside, and the rest fits into its time limit."""
        return self.time_limit_s / 3

    @property
    def answer_limit_s(self) -> float:
        """Seconds for an answer of the model process: a chunk that waits must end before its limit, and be blamed for
        nothing."""
        return self.time_limit_s / 2

    @property
    def device_limit_s(self) -> float:
        """Seconds for a call of the model on its device, which hangs then; it is noticed before anybody gives up."""
        return self.time_limit_s / 4

    @property
    def processes(self) -> int:
        """Model processes per worker: on a CPU, one single-threaded inference per core is fastest."""
        return self.concurrency or usable_cores()


def usual_home() -> Path:
    """The home if none is set. Raises BadSetting for a user without a home folder."""
    try:
        return user_data_path("lookalike")
    except RuntimeError as error:
        raise BadSetting(
            f"HOME is not set, and the user with the id {os.getuid()} has no home folder.",
            "Set LOOKALIKE_HOME to a folder that this user may write to.",
        ) from error


def read_settings(**overrides: Any) -> Settings:
    """The settings; `overrides` that are not None win over the environment. Raises BadSetting.

    Logs a warning for each variable that is not a setting (mostly a misspelling), and for each old name.
    """
    check_origins()
    for diagnostic in [*check_files(), *check_names(given(), setting_names())]:
        logger.warning("%s %s", diagnostic.what, diagnostic.advice)
    renamed = {name.removeprefix(PREFIX).lower(): value for name, value in renamed_values().items()}
    chosen = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**{"_env_file": files()} | renamed | chosen)
    except ValidationError as error:
        raise BadSetting(*_first_problem(error, chosen)) from error
    except SettingsError as error:
        raise BadSetting(*_not_json(error)) from error


def _as_text(value: Any) -> str:
    """A value in the form of its environment variable."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return json.dumps([str(item) for item in value]) if isinstance(value, tuple) else str(value)


def setting_names() -> list[str]:
    """The variables of all settings: LOOKALIKE_HOME and so on."""
    return [PREFIX + name.upper() for name in Settings.model_fields]


def _first_problem(error: ValidationError, chosen: Collection[str]) -> tuple[str, str]:
    """What is wrong and what to do. `chosen` are the settings that an option or argument gave, not a variable."""
    problem = error.errors()[0]
    setting = str(problem["loc"][0]) if problem["loc"] else ""
    field = Settings.model_fields.get(setting)
    # An address in a list of roots may hold a password.
    is_secret = field is None or "SecretStr" in str(field.annotation) or setting == "roots"
    given = "" if is_secret else f" = {shown(problem.get('input'))}"
    name, advice = (
        (setting, "Correct the option or argument.")
        if setting in chosen
        else (PREFIX + setting.upper() if setting else "settings", "Correct it in the environment or in .env.")
    )
    return f"{name}{given} cannot be used: {problem['msg'].removeprefix('Value error, ')}.", advice


def _not_json(error: SettingsError) -> tuple[str, str]:
    # The library names the field only in its message.
    field = re.search(r'field "(\w+)"', str(error))
    name = PREFIX + field[1].upper() if field else "A setting"
    example = _EXAMPLES.get(name.removeprefix(PREFIX), '["https://shop.example"]')
    return f"{name} cannot be used: it is not JSON.", f"Write a list, in quotes for the shell: {name}='{example}'."
