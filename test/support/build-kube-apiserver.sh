#!/bin/sh
# Builds a real kube-apiserver from Debian's source package, with Debian's Go, for test/real/leases-kubernetes.test.ts and npm run chaos.
# Usage: build-kube-apiserver.sh [TARGET]; as root on Debian 12. Four minutes, 2 GB in a temporary directory.
# Prints the line that makes the tests use it.
set -eu
target=${1:-$(cd "$(dirname "$0")/../.." && pwd)/node_modules/.cache/kube-apiserver}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

export DEBIAN_FRONTEND=noninteractive
. /etc/os-release
# Sources of its own: nothing of the system's lists is changed.
mkdir -p "$work/lists/partial"
echo "deb-src http://deb.debian.org/debian $VERSION_CODENAME main" > "$work/sources.list"
own="-o Dir::Etc::SourceList=$work/sources.list -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists=$work/lists"
# shellcheck disable=SC2086 # several words
apt-get $own -q update
# shellcheck disable=SC2086
(cd "$work" && apt-get $own -q source --download-only kubernetes)
apt-get -q install -y --no-install-recommends \
  dpkg-dev golang-1.19-go make rsync jq golang-github-modern-go-reflect2-dev
dpkg-source --no-check -x "$work"/kubernetes_*.dsc "$work/source"

# The vendored reflect2 is older than Go 1.18: with it the server starts, and fails at each JSON object.
vendored="$work/source/vendor/github.com/modern-go/reflect2"
rm -rf "$vendored"
cp -rL /usr/share/gocode/src/github.com/modern-go/reflect2 "$vendored"

cd "$work/source"
PATH=/usr/lib/go-1.19/bin:$PATH GO111MODULE=auto GOFLAGS=-p=2 GOCACHE="$work/cache" \
  KUBE_GIT_VERSION=v1.20.2 KUBE_GIT_TREE_STATE=clean make WHAT=cmd/kube-apiserver
mkdir -p "$(dirname "$target")"
cp _output/bin/kube-apiserver "$target"
echo "DJSUP_TEST_KUBE_APISERVER=$target"
