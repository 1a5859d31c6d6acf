#!/bin/sh

test_description='curves: what files of them hold, and that they reach everybody'

. ./lib-test.sh
. "$TEST_DIR/lib-filter.sh"

# metric <key> <spec>
metric () {
	git model show --json "$2" >"$TRASH/json" &&
	sed -n "s/.*\"$1\": \([-0-9.e]*\),*\$/\1/p" "$TRASH/json" | sed 1q
}

# events <file> <step> <tag> <value>...: as TensorBoard's writers make them
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
		while (my ($s, $t, $v) = splice @ARGV, 0, 3) {
			my $value = $t =~ s/^tensor:// ?
				len(1, $t) . len(9, len(1, len(1, "scalars"))) .
				len(8, "\x08\x01" . len(2, "") . len(4, pack("f<", $v))) :
				$t =~ s/^text:// ?
				len(1, $t) . len(9, len(1, len(1, "text"))) .
				len(8, "\x08\x07" . len(8, $v)) :
				len(1, $t) . "\x15" . pack("f<", $v);
			print rec("\x09" . pack("d<", 1700000000 + $s) .
				"\x10" . chr($s) . len(5, len(1, $value)));
		}' -- "$@"
}

test_expect_success 'a repository with a model' '
	git init -q --bare hub.git && git init -q r && cd r &&
	git model install --local >/dev/null && git remote add origin ../hub.git &&
	git model track "*.st" && mv-test random 5000 1 >m.st && git add . && git commit -qm one
'

test_expect_success 'CSV: blanks around cells are not part of them' '
	cd r && printf "step , loss , \"acc\" \n 0 , 0.5 , \"0.25\" \n 1 ,\t0.25 , 0.5\n" >a.csv &&
	git model record m.st --metrics-file a.csv &&
	test "$(metric loss m.st)" = 0.25 && test "$(metric acc m.st)" = 0.5
'

test_expect_success 'CSV: a run that was begun anew' '
	cd r && printf "epoch,auc\n0,0.1\n1,0.2\n2,0.9\n0,0.3\n1,0.4\n" >b.csv &&
	git model record m.st --metrics-file b.csv 2>err &&
	test "$(metric auc m.st)" = 0.4 && test_grep "begin anew 1 time:" err &&
	git model plot --json m.st >json && tr -d " \n" <json >one && test_grep ! "0\.9" one &&
	printf "epoch,down\n3,0.3\n2,0.2\n1,0.1\n0,0.0\n" >c.csv &&
	git model record m.st --metrics-file c.csv 2>err && test_must_be_empty err &&
	test "$(metric down m.st)" = 0.3
'

test_expect_success 'text is no number: said, and never the best' '
	cd r && printf "{\"f1\":\"high\",\"ok\":1}\n" >m.json &&
	git model record m.st --metrics-file m.json --metric p=0,93 2>err &&
	test_grep "f1.* is text, .high" err && test_grep "p.* is text, .0,93.*decimal point" err &&
	test_grep ! "ok" err
'

test_expect_success 'JSON Lines' '
	cd r && printf "{\"step\":0,\"train\":{\"loss\":3.5},\"note\":\"x\"}\n\n{\"step\":1,\"train\":{\"loss\":2.5},\"lr\":null}\n{\"step\":2,\"train\":{\"loss\":1.0}}\n{\"step\":1,\"train\":{\"loss\":2.25}}\n" >l.jsonl &&
	git model record m.st --metrics-file l.jsonl 2>err &&
	test_grep "begin anew" err && test_grep "1 value in those files" err &&
	test "$(metric train.loss m.st)" = 2.25 &&
	printf "{\"step\":0}\n[1]\n" >bad.jsonl &&
	test_expect_code 128 git model record m.st --metrics-file bad.jsonl 2>err &&
	test_grep "bad.jsonl:2" err
'

test_expect_success 'event files of TensorBoard' '
	cd r && mkdir -p runs &&
	events 1 loss/train 4 2 loss/train 3 3 loss/train 0.125 1 tensor:val/acc 0.5 2 text:note hello \
		>runs/events.out.tfevents.1700000000.host.1.0 &&
	git model record m.st --metrics-file runs/events.out.tfevents.1700000000.host.1.0 2>err &&
	test "$(metric "loss\/train" m.st)" = 0.125 && test "$(metric "val\/acc" m.st)" = 0.5 && test_grep "1 value" err &&
	events 2 loss/train 2.5 >runs/events.out.tfevents.1700000100.host.2.0 &&
	git model record m.st --metrics-file runs 2>err && test_grep "begin anew" err &&
	test "$(metric "loss\/train" m.st)" = 2.5 &&
	f=runs/events.out.tfevents.1700000000.host.1.0 &&
	head -c -3 $f >cut.tfevents.1 && git model record m.st --curves cut.tfevents.1 &&
	{ head -c 80 $f; printf X; tail -c +82 $f; } >bad.tfevents.1 &&
	test_expect_code 128 git model record m.st --curves bad.tfevents.1 2>err &&
	test_grep "record 2 is damaged" err &&
	echo hello >no.tfevents.1 &&
	test_expect_code 128 git model record m.st --curves no.tfevents.1 2>err && test_grep "no event file" err
'

# named <folder>: all that its records have attached
named () {
	git -C "$1" notes --ref=model list | cut -d" " -f1 | while read note
	do
		git -C "$1" cat-file blob $note
	done | grep -o "\"attached\":\[[^]]*\]" | grep -o "sha256:[0-9a-f]*" | sort -u
}

test_expect_success 'nothing that a record names is missing after push, clone, fetch' '
	cd r && mkdir -p set && echo 1 >set/a && git add set && git commit -qm set &&
	git model add m.st --curves b.csv --data set && git model run --out m.st -- sh -c "mv-test random 5000 2 >m.st" &&
	git add . && git commit -qm two && git push -q origin main && cd .. &&
	git clone -q hub.git c 2>/dev/null && git -C c model install --local >/dev/null && git -C c model fetch --all &&
	named r >want && test_line_count -ge 3 want && named c >got && test_cmp want got &&
	git -C c remote rm origin && mv hub.git gone.git &&
	git -C c model fsck &&
	(cd c && git model plot --json m.st@HEAD~1 >json) && mv gone.git hub.git
'

test_expect_success 'what came with a later fetch' '
	git -C c remote add origin ../hub.git && (cd r && git model record m.st --curves a.csv && git model push origin) &&
	(cd c && git model fetch origin) && named r >want && named c >got && test_cmp want got &&
	git -C c remote rm origin && git -C c model fsck
'

test_done
