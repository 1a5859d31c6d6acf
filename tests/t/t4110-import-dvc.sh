#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='git model import dvc and dvclive: what their newer versions
write, and older ones wrote'

. ./lib-test.sh
. "$TEST_DIR/lib-filter.sh"

note () {
	git notes --ref=model show "$(git rev-parse ":$1")"
}

md5 () {
	md5sum <"$1" | cut -c1-32
}

test_expect_success 'a repository' '
	git init -q r && cd r && git model track "*.pkl" "*.txt" "out/**" && mkdir out &&
	mv-test random 3000 1 >a.pkl && mv-test random 3000 2 >b.pkl &&
	mv-test random 500 3 >out/x && mkdir out/sub && mv-test random 500 4 >out/sub/y &&
	printf "one\r\ntwo\r\n" >crlf.txt && git model add . && git commit -q -m one
'

# -- DVCLive --

# live <folder>: as DVCLive 3 writes it
live () {
	mkdir -p "$1/plots/metrics/train" &&
	printf "step\tloss\n0\t1.0\n1\tnan\n" >"$1/plots/metrics/train/loss.tsv" &&
	printf "{\"train\": {\"loss\": \"nan\"}, \"low\": \"-inf\", \"word\": \"nano\", \"step\": 1}" >"$1/metrics.json" &&
	printf "lr: 0.3\n" >"$1/params.yaml"
}

test_expect_success 'dvc.yaml where it ran, and text that is a number' '
	cd r && live dvclive && cat >dvc.yaml <<-\EOF &&
	params:
	- dvclive/params.yaml
	metrics:
	- dvclive/metrics.json
	plots:
	- dvclive/plots/metrics:
	    x: step
	artifacts:
	  fraud:
	    path: a.pkl
	    type: model
	EOF
	git model import dvclive dvclive >actual && test_grep "recorded on a.pkl" actual && note a.pkl >line &&
	test_grep "\"metrics\":{\"low\":{\"number\":\"-inf\"},\"step\":1,\"train.loss\":{\"number\":\"nan\"},\"word\":\"nano\"}" line &&
	git model import dvclive ./dvclive/ >actual && test_grep "0 records written, 1 known" actual &&
	mkdir -p runs && live runs/two && printf "{\"x\": 1}" >runs/two/metrics.json &&
	test_expect_code 1 git model import dvclive runs/two >actual && test_grep "is not known" actual &&
	git model record b.pkl --metrics-file dvclive/metrics.json && note b.pkl >line &&
	test_grep "\"low\":{\"number\":\"-inf\"}" line
'

test_expect_success 'links out of the folder are not followed' '
	cd r && printf "{\"secret\": 42}" >../secret.json && printf "secret: 42\n" >../secret.yaml &&
	mkdir ../outside && printf "step\tsecret\n0\t42\n" >../outside/s.tsv &&
	live l1 && ln -sf ../../secret.json l1/metrics.json &&
	test_expect_code 128 git model import dvclive l1 --onto b.pkl 2>err && test_grep "metrics.json. is a link" err &&
	live l2 && rm -r l2/plots/metrics && ln -s ../../../outside l2/plots/metrics &&
	test_expect_code 128 git model import dvclive l2 --onto b.pkl 2>err && test_grep "plots/metrics. is a link" err &&
	live l3 && rm -r l3/plots && mkdir ../outside/metrics && ln -s ../../outside l3/plots &&
	test_expect_code 128 git model import dvclive l3 --onto b.pkl 2>err && test_grep "plots. is a link" err &&
	live l4 && ln -sf ../../secret.yaml l4/params.yaml && ln -s ../../../outside/s.tsv l4/plots/metrics/s.tsv &&
	ln -s ../../../outside l4/plots/metrics/dir &&
	git model import dvclive l4 --onto b.pkl >actual && test_grep "params.yaml is a link" actual &&
	live l5 && ln -s ../../secret.yaml l5/dvc.yaml && git model import dvclive l5 --onto b.pkl >actual &&
	git notes --ref=model list | while read -r blob object; do git cat-file blob $blob || exit 1; done >all &&
	test_grep ! "secret" all
'


# -- DVC --

test_expect_success 'foreach and matrix: the metrics that dvc.lock names' '
	cd r && mkdir dv && printf "{\"auc\": 0.5}" >dv/m-a.json && printf "{\"auc\": 0.6}" >dv/m-b.json &&
	printf "{\"k\": \"inf\"}" >dv/mm-1-x.json && printf "{\"p\": 1}" >dv/plot-a.json &&
	cat >dv/dvc.yaml <<-\EOF &&
	stages:
	  train:
	    foreach: [a, b]
	    do:
	      cmd: train ${item}
	      outs: ["../${item}.pkl", "plot-${item}.json"]
	      metrics:
	      - m-${item}.json:
	          cache: false
	  mat:
	    matrix: {lr: [1], s: [x]}
	    cmd: y
	    outs: ["../crlf.txt"]
	    metrics: ["${item.base}-${item.lr}-${item.s}.json"]
	  none:
	    cmd: z
	    outs: ["../a.pkl"]
	    metrics: ["gone-${x}.json"]
	EOF
	cat >dv/dvc.lock <<-EOF &&
	schema: "2.0"
	stages:
	  train@a:
	    cmd: train a
	    outs:
	    - {path: ../a.pkl, hash: md5, md5: $(md5 a.pkl), size: 3000}
	    - {path: m-a.json, hash: md5, md5: $(md5 dv/m-a.json), size: 12}
	    - {path: plot-a.json, hash: md5, md5: $(md5 dv/plot-a.json), size: 8}
	  train@b:
	    cmd: train b
	    outs:
	    - {path: ../b.pkl, hash: md5, md5: $(md5 b.pkl), size: 3000}
	    - {path: m-b.json, hash: md5, md5: $(md5 dv/m-b.json), size: 12}
	  mat@1-x:
	    cmd: y
	    outs:
	    - {path: ../crlf.txt, hash: md5, md5: $(md5 crlf.txt), size: 10}
	    - {path: mm-1-x.json, hash: md5, md5: $(md5 dv/mm-1-x.json), size: 10}
	  none:
	    cmd: z
	    outs:
	    - {path: ../a.pkl, hash: md5, md5: $(md5 a.pkl), size: 3000}
	EOF
	git model import dvc dv >actual && test_grep "run none: metrics: no output in dvc.lock is .gone" actual &&
	note a.pkl >lines && grep "\"name\":\"train@a\"" lines >line && test_grep "\"metrics\":{\"auc\":0.5}" line &&
	note b.pkl >lines && grep "\"name\":\"train@b\"" lines >line && test_grep "\"metrics\":{\"auc\":0.6}" line &&
	note crlf.txt >lines && grep "\"name\":\"mat@1-x\"" lines >line && test_grep "\"metrics\":{\"k\":{\"number\":\"inf\"}}" line
'

# The MD5 of a folder, as DVC 3.67 wrote it for these two files.
test_expect_success 'an output that is a folder of ours; one that a stage was given' '
	cd r && dir=$(printf "[{\"md5\": \"%s\", \"relpath\": \"sub/y\"}, {\"md5\": \"%s\", \"relpath\": \"x\"}]" \
		$(md5 out/sub/y) $(md5 out/x) | md5sum | cut -c1-32).dir && mkdir fo && printf "{\"acc\": 1}" >fo/e.json &&
	printf "stages:\n  eval:\n    cmd: e\n    metrics: [e.json]\n" >fo/dvc.yaml &&
	cat >fo/dvc.lock <<-EOF &&
	schema: "2.0"
	stages:
	  prepare:
	    cmd: p
	    outs:
	    - {path: ../out, hash: md5, md5: $dir, size: 1000, nfiles: 2}
	  eval:
	    cmd: e
	    deps:
	    - {path: ../out, hash: md5, md5: $dir, size: 1000, nfiles: 2}
	    outs:
	    - {path: e.json, hash: md5, md5: $(md5 fo/e.json), size: 10}
	EOF
	git model import dvc fo >actual && test_grep "2 runs read, 2 records written" actual && test_grep "recorded on out" actual &&
	git model show out >actual && test_grep "acc" actual &&
	git model import dvc fo >actual && test_grep "0 records written, 2 known" actual &&
	mv-test random 500 5 >out/x && git model add out && test_expect_code 1 git model import dvc fo >actual &&
	test_grep "the folder .out. changed since DVC" actual &&
	mv-test random 500 3 >out/x && git model add out && echo t >out/.gitkeep && echo "out/.gitkeep !filter" >>.gitattributes &&
	git add out/.gitkeep .gitattributes && test_expect_code 1 git model import dvc fo >actual && test_grep "out/.gitkeep. in the folder .out. is git" actual
'

test_expect_success 'a lock of DVC 2: text by its LF form, bytes as they are' '
	cd r && mkdir two && lf=$(printf "one\ntwo\n" | md5sum | cut -c1-32) && printf "{\"a\":\r\n 1}" >two/m.json &&
	printf "stages:\n  t:\n    cmd: t\n    metrics: [m.json]\n" >two/dvc.yaml &&
	lock () {
		printf "schema: \"2.0\"\nstages:\n  t:\n    cmd: t\n    outs:\n    - {path: ../crlf.txt, %smd5: %s, size: 10}\n" "$1" $2 &&
		printf "    - {path: ../b.pkl, %smd5: %s, size: 3000}\n" "$1" $(md5 b.pkl) &&
		printf "    - {path: m.json, %smd5: %s, size: 3000}\n" "$1" $(tr -d "\r" <two/m.json | md5sum | cut -c1-32)
	} && lock "" $lf >two/dvc.lock && git model import dvc two >actual && test_grep "recorded on crlf.txt" actual &&
	test_grep "recorded on b.pkl" actual && test_grep ! changed actual &&
	note crlf.txt >lines && grep "\"tool\":\"dvc\"" lines | tail -n 1 >line && test_grep "\"metrics\":{\"a\":1}" line &&
	lock "hash: md5, " $lf >two/dvc.lock && git model import dvc two >actual && test_grep "crlf.txt. changed since" actual &&
	test_grep "m.json. changed since" actual
'

test_expect_success 'what dvc.yaml says at its top' '
	cd r && mkdir top && printf "{\"auc\": 0.75}" >top/m.json && cat >top/dvc.yaml <<-\EOF &&
	stages:
	  t:
	    cmd: t
	    outs: [../a.pkl, m.json, live]
	metrics: [m.json, live/metrics.json, other.json]
	plots: [live/plots]
	artifacts:
	  fraud: {path: ../a.pkl, type: model}
	EOF
	cat >top/dvc.lock <<-EOF &&
	schema: "2.0"
	stages:
	  t:
	    cmd: t
	    outs:
	    - {path: ../a.pkl, hash: md5, md5: $(md5 a.pkl), size: 3000}
	    - {path: m.json, hash: md5, md5: $(md5 top/m.json), size: 10}
	    - {path: live, hash: md5, md5: 271cbf5c62203df4035d816daf447fc0.dir, size: 10}
	EOF
	git model import dvc top >actual && test_grep "recorded on a.pkl" actual && note a.pkl >lines && test_grep "\"metrics\":{\"auc\":0.75}" lines &&
	test_grep "metrics .live/metrics.json. are in the folder .top/live." actual && test_grep "metrics .other.json. are of no stage" actual &&
	test_grep "artifact .fraud. is .a.pkl., of type model" actual && test_grep "plots of dvc.yaml" actual &&
	test_grep ! "metrics .m.json. are" actual
'

test_done
