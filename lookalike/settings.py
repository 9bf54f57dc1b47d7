"""The settings, from LOOKALIKE_* variables and files. Only entry points read them; they pass them down."""

import json
import logging
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
from lookalike.variables import check_names, check_origins, files, given, renamed_values

logger = logging.getLogger(__name__)

#: A node that restarts is back after two or three of these.
INDEX_RETRY_S = 20.0
#: Writing 8 MB to a busy OpenSearch takes seconds.
INDEX_TIMEOUT_S = 60.0

ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d{1,5})?")

USER_AGENT = re.compile(r"[A-Za-z_-]{1,60}([/ ][ -~]{0,400})?")

INDEX_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,99}")

#: Values of settings that are lists.
_EXAMPLES = {"ROOTS": '["/images", "https://images.example/"]', "TRUSTED_PROXIES": '["10.0.0.7"]'}

#: Settings that only searches need.
NOT_FOR_WORKERS = frozenset({"api_url", "api_key"})


class Settings(BaseSettings):
    """Every field has a default that works on a laptop with nothing configured."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    home: Path = Field(
        default_factory=lambda: user_data_path("lookalike"),
        description="Folder for models, the embedded index, the embedded broker and logs.",
    )
    broker_url: SecretStr | None = Field(
        None, description="Redis: a redis://, rediss:// or redis+socket:// URL. Unset: a private Redis is started."
    )
    index_url: SecretStr | None = Field(
        None, description="https://user:password@host:9200 or lancedb:///path. Unset: LanceDB under the home folder."
    )
    index: str = Field("images", description="Name of the index (an alias).")
    model: str = Field("efficientnet-lite0", description="Name of a model, or path of a .keras, .onnx or .xml file.")
    weights: Path | None = Field(None, description="A .keras file to use as the backbone of the named model.")
    preprocessing: str | None = Field(
        None, description="Preprocessing that the model of a file expects: a preset, a JSON file or numbers."
    )
    text_model: Path | None = Field(
        None, description="Text encoder that was trained with the model: a .keras or .onnx file, or OpenVINO's .xml."
    )
    tokenizer: Path | None = Field(None, description="The tokenizer.json of the text encoder.")
    runtime: Literal["auto", "jax", "openvino", "tensorflow"] = Field(
        "auto", description="Library that runs the model."
    )
    precision: Literal["auto", "f32", "bf16"] = Field("auto", description="auto: bf16 if this CPU is faster with it.")
    gpu_decoding: bool = Field(False, description="Decode larger JPEGs on the GPU, with JAX and nvImageCodec.")
    concurrency: int = Field(0, ge=0, le=512, description="Processes per worker. 0: one per core.")
    chunk_size: int = Field(64, ge=1, le=1024, description="Images per task.")
    queue_limit: int = Field(512, ge=1, description="Outstanding chunks at which the producer pauses.")
    time_limit_s: int = Field(240, ge=5, le=3600, description="Seconds after which a chunk's process is killed.")
    stalled_after_s: int = Field(
        60, ge=1, description="Seconds without a message, although some wait, after which a worker exits."
    )
    roots: tuple[str, ...] = Field(
        ("/",), description="JSON list of folders, web addresses, stores and networks that workers may read."
    )
    respect_robots: bool = Field(
        True, description="Keep to robots.txt and to headers by which web hosts keep robots away."
    )
    user_agent: str | None = Field(None, description="How workers introduce themselves to web hosts.")
    max_image_bytes: int = Field(100 * 2**20, ge=1, description="Larger files are rejected as too_large.")
    max_image_pixels: int = Field(64_000_000, ge=1, description="Larger images are rejected as bomb.")
    fetches: int = Field(32, ge=1, le=1024, description="Requests for images at once, of each process.")
    fetch_bytes: int = Field(64 * 2**20, ge=1, description="Bytes that a process fetches ahead of decoding.")
    host_connections: int = Field(
        16, ge=1, le=1024, description="Requests at once to one web host, of each process. A store takes all fetches."
    )
    host_rate: float = Field(0, ge=0, description="Requests a second to one host, of each process. 0: no limit.")
    host_wait_s: int = Field(
        300,
        ge=0,
        description="Seconds for which images of a host that is away are tried again, before they are rejected.",
    )
    log_format: Literal["text", "json"] = Field("text", description="json: one object per line, for containers.")
    insecure: bool = Field(False, description="Allow credentials over plain http or redis to another host.")
    ca_certs: Path | None = Field(None, description="File with certificate authorities for https and rediss.")
    client_cert: Path | None = Field(None, description="Client certificate, if OpenSearch or Redis requires one.")
    client_key: Path | None = Field(None, description="Key of the client certificate, without a passphrase.")
    aws_region: str | None = Field(None, description="Sign requests for Amazon OpenSearch in this AWS region.")
    aws_service: Literal["es", "aoss"] = Field("es", description="aoss: OpenSearch Serverless.")
    engine: Literal["lucene", "faiss", "nmslib"] = Field("lucene", description="k-NN engine of OpenSearch.")
    hnsw_m: int = Field(16, ge=2, le=512, description="Links per node of the HNSW graph.")
    hnsw_ef_construction: int = Field(100, ge=1, le=10_000, description="HNSW candidates when a vector is added.")
    hnsw_ef_search: int = Field(100, ge=1, le=10_000, description="HNSW candidates of a search, never fewer than k.")
    quantization: Literal["none", "byte", "fp16", "bit", "flat"] = Field(
        "none", description="Type of the stored numbers; flat: bits without a graph."
    )
    vector_mode: Literal["", "in_memory", "on_disk"] = Field("", description="Where faiss holds full vectors.")
    compression: Literal["", "1x", "2x", "4x", "8x", "16x", "32x"] = Field("", description="Level for OpenSearch.")
    ann_rows: int = Field(20_000, ge=1, description="Fewer documents in an embedded index are searched exactly.")
    shards: int = Field(1, ge=1, description="Primary shards of a new OpenSearch index.")
    replicas: int = Field(0, ge=0, description="Replicas of a new OpenSearch index.")

    api_url: SecretStr | None = Field(
        None, description="Query service that searches ask. Unset: a search loads the model itself."
    )
    api_key: SecretStr | None = Field(
        None, description="API key that clients of the query service must send. Unset: no key."
    )
    api_retry: bool = Field(False, description="Whether clients with the API key may retry rejected images.")
    cors_origins: tuple[str, ...] = Field((), description="JSON list of web origins that may call the query service.")
    root_path: str = Field("", description="Path under which a proxy serves the query service, such as /photos.")
    trusted_proxies: tuple[str, ...] = Field(
        (), description="JSON list of addresses and networks of proxies whose X-Forwarded-* headers count."
    )
    max_upload_bytes: int = Field(32 * 2**20, ge=1, description="Largest request body of the query service.")
    max_searches: int = Field(32, ge=1, le=1024, description="Searches at once; further clients must retry later.")
    search_timeout_s: float = Field(10.0, ge=0.1, le=300, description="Seconds after which a search is aborted.")
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

    @field_validator("home", mode="after")
    @classmethod
    def _resolved(cls, value: Any) -> Any:
        try:
            return value.expanduser().absolute()
        except RuntimeError as error:
            raise ValueError("the user after ~ does not exist") from error

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


def read_settings(**overrides: Any) -> Settings:
    """The settings; `overrides` that are not None win over the environment. Raises BadSetting.

    Logs a warning for each variable that is not a setting (mostly a misspelling), and for each old name.
    """
    check_origins()
    for diagnostic in check_names(given(), setting_names()):
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
