#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='steps that go back are of a run begun anew, whoever wrote them'

. ./lib-test.sh

# events <step> <value>...: of one series, as TensorBoard's writers make them
events () {
	perl -e '
		sub crc { my $c = 0xffffffff;
			for my $b (unpack("C*", $_[0])) { $c ^= $b;
				$c = $c & 1 ? ($c >> 1) ^ 0x82f63b78 : $c >> 1 for 1..8 }
			$c ^= 0xffffffff;
			pack("V", ((($c >> 15) | ($c << 17)) + 0xa282ead8) & 0xffffffff) }
		sub rec { my $h = pack("Q<", length $_[0]); $h . crc($h) . $_[0] . crc($_[0]) }
		sub len { chr($_[0] << 3 | 2) . chr(length $_[1]) . $_[1] }
		print rec("\x09" . pack("d<", 1700000000) . len(3, "brain.Event:2"));
		while (my ($s, $v) = splice @ARGV, 0, 2) {
			print rec("\x09" . pack("d<", 1700000000) . "\x10" . chr($s) .
				len(5, len(1, len(1, "loss") . "\x15" . pack("f<", $v)))) }' -- "$@"
}

# The points that a plot has of m.st, after a record or import of its own.
points () { git model plot --json m.st >"$TRASH/json" && tr -d " \n" <"$TRASH/json"; }
fresh () {
	rm -rf r && git init -q r && cd r && git model track "*.st" && mv-test random 5000 1 >m.st && git add . &&
	git commit -qm one
}

test_expect_success 'one event file of TensorBoard' '
	git model install && fresh && events 0 0.5 1 0.75 2 0.875 1 0.25 2 0.125 >a.tfevents.1 &&
	git model record m.st --metrics-file a.tfevents.1 2>err && test_grep "begin anew 1 time:" err &&
	points >one && test_grep "0\.125" one && test_grep ! "0\.875\|0\.75" one
'

test_expect_success 'a file store of MLflow' '
	fresh && d=mlruns/0/0123456789abcdef0123456789abcdef && mkdir -p $d/metrics $d/params $d/tags $d/artifacts &&
	printf "artifact_location: x\nexperiment_id: \"0\"\nlifecycle_stage: active\nname: Default\n" >mlruns/0/meta.yaml &&
	printf "artifact_uri: file:///x\nexperiment_id: \"0\"\nlifecycle_stage: active\nrun_id: 0123456789abcdef0123456789abcdef\nrun_name: n\nstatus: 3\nstart_time: 1795000000000\nend_time: 1795000060000\n" >$d/meta.yaml &&
	printf "1795000001000 0.5 0\n1795000002000 0.75 1\n1795000003000 0.875 2\n1795000004000 0.25 1\n1795000005000 0.125 2\n" >$d/metrics/loss &&
	git model import mlflow mlruns --onto m.st >out 2>err && test_grep "begin anew 1 time:" err &&
	points >one && test_grep "0\.125" one && test_grep ! "0\.875\|0\.75" one
'

test_expect_success 'no order at all is no run begun anew' '
	fresh && events 3 0.75 2 0.5 1 0.25 >a.tfevents.1 && git model record m.st --metrics-file a.tfevents.1 2>err &&
	test_must_be_empty err && points >one && test_grep "0\.75" one && test_grep "0\.25" one
'

test_expect_success 'DVCLive: what reading passes over under plots/metrics is named' '
	fresh && mkdir -p dvclive/plots/metrics/train &&
	printf "timestamp\tstep\tloss\n1795000000000\t0\t0.5\n" >dvclive/plots/metrics/train/loss.tsv &&
	ln -s loss.tsv dvclive/plots/metrics/train/acc.tsv && mkfifo dvclive/plots/metrics/f.tsv &&
	git model import dvclive dvclive --onto m.st >out 2>&1 && test_grep "plots/metrics/train/acc.tsv is a link" out &&
	test_grep "plots/metrics/f.tsv is a link, or no file" out && test_grep ! "loss.tsv is" out
'

test_done
