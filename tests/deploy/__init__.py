"""Tests of the deployment files: docker-compose.yml, deploy/ and the installations of the images."""
