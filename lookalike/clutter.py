"""What storage systems, file managers and archives leave beside images: a walk leaves it out. See docs/sources.md."""

#: Names of folders and files, in lower case.
CLUTTER = frozenset(
    {
        # Synology and other NAS systems: thumbnails, bins, snapshots.
        *(
            "@eadir",
            "@synoresource",
            "#recycle",
            "#snapshot",
            "@recycle",
            "@recently-snapshot",
            "@transcode",
            "~snapshot",
        ),
        # Windows.
        *("$recycle.bin", "recycler", "system volume information", "thumbs.db", "desktop.ini", "ehthumbs.db"),
        *("ehthumbs_vista.db", "iconcache.db"),
        # macOS; the hidden ones are left out as such.
        *("__macosx", "icon\r", "network trash folder", "temporary items"),
        # Linux.
        "lost+found",
        # Programs that manage images.
        *("picasa.ini", "zbthumbnail.info", "pspbrwse.jbf", "thumbnails-digikam.db"),
    }
)
#: Ends of names, in lower case: marks of downloads, where Windows' second streams became files; previews of Lightroom.
CLUTTER_ENDS = (":zone.identifier", ".lrdata")


def is_left_out(name: str) -> bool:
    """Whether a walk leaves out a name, unless somebody asks for hidden files."""
    # The keys of a store may have parts without a name.
    if name.startswith("."):
        return True
    lower = name.lower()
    return lower in CLUTTER or lower.endswith(CLUTTER_ENDS)
