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

test_done
