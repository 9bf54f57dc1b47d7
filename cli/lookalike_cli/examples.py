"""Two examples of each command, and the help that ends with them."""

from typing import Any

from lookalike_cli.console import results
from lookalike_cli.narrow_help import NarrowHelp

#: Name of a command, such as "index list", or empty for `lookalike` itself -> what a person types.
EXAMPLES: dict[str, tuple[str, str]] = {
    "": ("lookalike demo", "lookalike ingest ~/Pictures"),
    "ingest": ("lookalike ingest ~/Pictures --exclude raw/", "lookalike ingest shoes.csv --metadata brand,year:int"),
    "sync": ("lookalike sync ~/Pictures --delete --dry-run", "lookalike sync ~/Pictures --watch"),
    "verify": ("lookalike verify ~/Pictures", "lookalike verify shards/ --thorough --json"),
    "sources": ("lookalike sources check shoes.csv", "lookalike sources check s3://bucket/photos/"),
    "sources check": (
        "lookalike sources check shoes.csv --metadata brand,year:int",
        "lookalike sources check s3://bucket/photos/ --seconds 30",
    ),
    "status": ("lookalike status", "lookalike status JOB"),
    "failed": ("lookalike failed list --reason host_unavailable", "lookalike failed retry"),
    "failed list": ("lookalike failed list", "lookalike failed list --reason host_unavailable"),
    "failed retry": ("lookalike failed retry", "lookalike failed retry JOB --reason host_unavailable"),
    "failed export": (
        "lookalike failed export -o rejected.jsonl",
        "lookalike failed export JOB --format csv > rejected.csv",
    ),
    "failed clear": ("lookalike failed clear --reason not_found", "lookalike failed clear JOB --yes"),
    "cancel": ("lookalike cancel JOB", "lookalike cancel JOB --json"),
    "search": (
        "lookalike search photo.jpg -k 20 --filter label=cats",
        "lookalike search a.jpg --and b.jpg --not c.jpg",
    ),
    "list": ('lookalike list --sort taken --filter "taken>=2024"', "lookalike list --sort random --json"),
    "duplicates": ("lookalike duplicates", "lookalike duplicates --list > copies.txt"),
    "facets": ("lookalike facets", 'lookalike facets label year --filter "brand=acme"'),
    "map": ("lookalike map", "lookalike map --add"),
    "evaluate": (
        "lookalike evaluate ~/Labelled",
        "lookalike evaluate ~/Labelled --models efficientnet-lite0,efficientnet-lite0:int8",
    ),
    "model": ("lookalike model list", "lookalike model fit ~/Labelled --head lda --name mine"),
    "model list": ("lookalike model list", "lookalike model list --json"),
    "model info": ("lookalike model info", "lookalike model info resnet50:gem+flip"),
    "model build": ("lookalike model build", "lookalike model build efficientnet-lite0:int8"),
    "model add": (
        "lookalike model add dinov2/model.onnx --name dinov2",
        "lookalike model add encoder.onnx --name mine --preprocessing torch:size=224",
    ),
    "model fit": (
        "lookalike model fit ~/Labelled --head lda --name mine",
        "lookalike model fit ~/Pictures --head pca --name small --dimensions 64",
    ),
    "model quantize": (
        "lookalike model quantize ~/Pictures --name fast",
        "lookalike model quantize ~/Pictures --name fast --model mine --replace",
    ),
    "reembed": ("lookalike reembed --model mine", "lookalike reembed --model efficientnet-lite0:int8"),
    "index": ("lookalike index list", "lookalike index export images.parquet"),
    "index list": ("lookalike index list", "lookalike index list --json"),
    "index create": ("lookalike index create shoes", "lookalike index create shoes --model efficientnet-lite0:int8"),
    "index restore": ("lookalike index restore images", "lookalike index restore shoes --json"),
    "index optimize": ("lookalike index optimize", "lookalike index optimize --index shoes"),
    "index export": ("lookalike index export images.parquet", "lookalike index export cats.npy --filter label=cats"),
    "index promote": ("lookalike index promote", "lookalike index promote images-v2"),
    "index rollback": ("lookalike index rollback", "lookalike index rollback --index shoes"),
    "index delete": ("lookalike index delete shoes", "lookalike index delete images-v1 --yes"),
    "bench": ("lookalike bench ~/Pictures", "lookalike bench ~/Pictures --model efficientnet-lite0:int8"),
    "demo": ("lookalike demo", "LOOKALIKE_HOME=/tmp/demo lookalike demo"),
    "up": ("lookalike up", "lookalike up --port 9000"),
    "serve": ("lookalike serve", "lookalike serve --port 9000"),
    "worker": ("lookalike worker", "lookalike worker --concurrency 4"),
    "flower": ("lookalike flower", "lookalike flower --port 5556"),
    "doctor": ("lookalike doctor", "lookalike doctor --json"),
    "uninstall-data": ("lookalike uninstall-data --dry-run", "lookalike uninstall-data --yes"),
}


class HelpWithExamples(NarrowHelp):
    """Mixed into Typer's commands and groups: their help fits the terminal and ends with examples."""

    def get_params(self, ctx: Any) -> list[Any]:
        parameters: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        for parameter in parameters:
            if getattr(parameter, "is_flag", False):
                # Typer writes <bool> behind a flag, as if a value follows it.
                parameter.metavar = ""
        return parameters

    def format_help(self, ctx: Any, formatter: Any) -> None:
        super().format_help(ctx, formatter)
        results.say(" Examples:")
        for example in EXAMPLES[name_of(ctx)]:
            results.say(f"   {example}")
        results.say()


def name_of(ctx: Any) -> str:
    """The name of a command as `EXAMPLES` has it."""
    return " ".join(str(ctx.command_path).split()[1:])
