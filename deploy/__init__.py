"""What surrounds the program where it runs: images, and the manifests beside this package; imported by no room."""
