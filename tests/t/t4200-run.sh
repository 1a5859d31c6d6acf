#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='git model run: a command, and what it read and wrote'
. ./lib-test.sh
. "$TEST_DIR/lib-filter.sh"

# What is recorded on the content at a path of the index.
note_of () {
	git notes --ref=model show "$(git rev-parse ":$1")"
}

# The same, only the newest.
last_of () {
	note_of "$1" >"$TRASH/notes" && tail -n 1 "$TRASH/notes"
}

oid_of () {
	sha256sum <"$1" | cut -d' ' -f1
}

# No test asks this machine's own python.
mkdir "$TRASH/bin" && PATH="$TRASH/bin:$PATH" && export PATH || exit 1
cat >"$TRASH/bin/python" <<-\EOF || exit 1
#!/bin/sh
echo 3.9.1
printf '%s\n' numpy==1.26.0 'mine @ git+https://t0ken@example.com/mine.git'
EOF
chmod +x "$TRASH/bin/python" || exit 1

test_expect_success 'a run records command, inputs, outputs, params, metrics' '
	git init -q r && cd r &&
	git model track "*.bin" 2>../err &&
	cat >train.sh <<-\EOF &&
	lr=$(sed -n "s/lr: //p" params.yaml)
	echo "training at $lr" && echo careful >&2
	cat data.bin >model.bin && echo "$lr" >>model.bin
	echo "{\"auc\": 0.75, \"deep\": {\"loss\": 0.5}}" >metrics.json
	EOF
	echo "lr: 0.25" >params.yaml && mv-test random 5000 1 >data.bin &&
	git add . && git commit -qm code &&
	git model run --name first --in data.bin -- sh train.sh --fast \
		>../out 2>../err &&
	echo "training at 0.25" >../expect && test_cmp ../expect ../out &&
	test_grep careful ../err &&
	test_grep "recorded on .model.bin." ../err &&
	test_grep "^found 1 param from .params.yaml.; 2 metrics from .metrics.json.$" ../err &&
	note_of model.bin >../note && test_line_count = 1 ../note &&
	test_grep "^{\"t\":\"20[^\"]*Z\",\"kind\":\"run\"," ../note &&
	test_grep "\"content\":\"sha256:$(oid_of model.bin)\"" ../note &&
	test_grep "\"command\":\[\"sh\",\"train.sh\",\"--fast\"\]" ../note &&
	test_grep "\"commit\":\"$(git rev-parse HEAD)\"" ../note &&
	test_grep ! "\"dirty\"" ../note &&
	test_grep "\"params\":{\"lr\":0.25}" ../note &&
	test_grep "\"metrics\":{\"auc\":0.75,\"deep.loss\":0.5}" ../note &&
	test_grep "\"inputs\":\[{\"content\":\"sha256:$(oid_of data.bin)\",\"path\":\"data.bin\",\"size\":5000}\]" ../note &&
	test_grep "\"outputs\":\[{\"content\":\"sha256:$(oid_of model.bin)\",\"path\":\"model.bin\"" ../note &&
	test_grep "\"content\":\"sha256:$(oid_of metrics.json)\",\"path\":\"metrics.json\",\"role\":\"metrics\"" ../note &&
	test_grep "\"path\":\"params.yaml\",\"role\":\"params\"" ../note &&
	test_grep "\"exit\":0" ../note && test_grep "\"name\":\"first\"" ../note &&
	test_grep "\"peak_bytes\":[1-9][0-9]\{5,\}" ../note &&
	test_grep "\"started\":\"20[0-9-]*T" ../note &&
	git diff --cached --name-only >../actual &&
	echo model.bin >../expect && test_cmp ../expect ../actual &&
	git model show model.bin >../out && test_grep "0.75" ../out
'

test_expect_success 'the environment, but none of its variables' '
	cd r && git commit -qm model &&
	cat >"$TRASH/bin/nvidia-smi" <<-\EOF &&
	#!/bin/sh
	echo "GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-12345678)"
	echo "GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-87654321)"
	EOF
	chmod +x "$TRASH/bin/nvidia-smi" &&
	test_when_finished "rm \"$TRASH/bin/nvidia-smi\"" &&
	SECRET_THING=topsecret GIT_MODEL_IMAGE=sha256:1234 \
		git model run -- sh train.sh >../out 2>../err &&
	last_of model.bin >../note &&
	test_grep ! topsecret ../note &&
	test_grep "\"python\":\"3.9.1\"" ../note &&
	test_grep "\"gpu\":\"NVIDIA A100-SXM4-40GB\",\"gpus\":2" ../note &&
	test_grep "\"image\":\"sha256:1234\"" ../note &&
	test_grep "\"cpus\":[1-9]" ../note && test_grep "\"memory\":[1-9]" ../note &&
	test_grep "\"packages.count\":2" ../note &&
	sed "s/.*\"packages.digest\":\"\([^\"]*\)\".*/\1/" ../note >../oid &&
	printf "%s\n" numpy==1.26.0 \
		"mine @ git+https://***@example.com/mine.git" >../expect &&
	git model cat $(cat ../oid) >../actual && test_cmp ../expect ../actual &&
	git model run --no-environment -- sh train.sh >../out 2>../err &&
	last_of model.bin >../note &&
	test_grep ! environment ../note
'

test_expect_success 'the exit status is the command'\''s, and it is recorded' '
	cd r && test_expect_code 3 git model run -- \
		sh -c "echo half >model.bin; exit 3" 2>../err &&
	test_grep "exit status 3" ../err &&
	note_of model.bin >../note && test_grep "\"exit\":3" ../note &&
	test_expect_code 137 git model run -- \
		sh -c "echo dead >model.bin; kill -KILL \$\$" 2>../err &&
	note_of model.bin >../note && test_grep "\"exit\":137" ../note
'

test_expect_success 'what it was told to stop by reaches the command' '
	cd r && cat >wait.sh <<-\EOF &&
	trap "date +%s%N >model.bin; exit 9" TERM USR1
	echo ready >../ready
	while :; do sleep 0.05; done
	EOF
	for sig in TERM USR1
	do
		rm -f ../ready &&
		{ git-model run --no-environment -- sh wait.sh 2>../err & } &&
		pid=$! && until test -s ../ready; do sleep 0.05; done &&
		kill -$sig $pid && test_expect_code 9 wait $pid &&
		note_of model.bin >../note &&
		test_grep "\"exit\":9" ../note || return 1
	done
'

test_expect_success 'one that writes nothing is recorded on what it read' '
	cd r && test_expect_code 4 git model run --in data.bin -- \
		sh -c "exit 4" 2>../err &&
	test_grep "wrote nothing" ../err &&
	note_of data.bin >../note && test_grep "\"exit\":4" ../note &&
	test_grep ! "\"outputs\"" ../note
'

test_expect_success 'neither in nor out: a warning, and the status' '
	cd r && git rev-parse refs/notes/model >../before &&
	test_expect_code 5 git model run -- sh -c "exit 5" 2>../err &&
	test_grep "nothing is recorded" ../err && test_grep -e "--out" ../err &&
	git rev-parse refs/notes/model >../after &&
	test_cmp ../before ../after
'

test_expect_success 'an output that was not written is none' '
	cd r && echo old >kept.bin && git add kept.bin &&
	test_expect_code 1 git model run --out kept.bin --out gone.bin \
		--in data.bin -- false 2>../err &&
	test_grep "kept.bin. was not written" ../err &&
	test_grep "gone.bin. is not there" ../err &&
	test_must_fail note_of kept.bin &&
	note_of data.bin >../note && test_grep "\"command\":\[\"false\"\]" ../note
'

test_expect_success 'called wrongly, or nothing to start' '
	cd r && git rev-parse refs/notes/model >../before &&
	test_expect_code 129 git model run 2>../err &&
	test_grep usage ../err &&
	test_expect_code 129 git model run --name x -- 2>../err &&
	test_expect_code 129 git model run --nonsense -- true 2>../err &&
	test_expect_code 128 git model run -- no-such-program 2>../err &&
	test_grep "no-such-program" ../err &&
	test_expect_code 128 git model run --in nothing.bin -- touch ran 2>../err &&
	test_expect_code 128 git model run --out ../outside -- touch ran 2>../err &&
	test_grep "outside" ../err &&
	test_expect_code 128 git model run --out . -- touch ran 2>../err &&
	test_expect_code 128 git model run --params-file none.json -- touch ran 2>../err &&
	echo "{\"a\": }" >broken.json &&
	test_expect_code 128 git model run --params-file broken.json -- touch ran 2>../err &&
	test_grep "broken.json:1:" ../err &&
	test_path_is_missing ran &&
	git rev-parse refs/notes/model >../after && test_cmp ../before ../after
'

test_expect_success 'no -- is needed, and the arguments are the command'\''s' '
	cd r && git model run printf "%s\n" --json -- -h >../out 2>../err &&
	printf "%s\n" --json -- -h >../expect && test_cmp ../expect ../out
'

test_expect_success 'standard input is the command'\''s; --json leaves stdout alone' '
	cd r && echo input |
	git model run --json -- sh -c "tee model.bin; echo said" \
		>../out 2>../err &&
	test_grep input ../err && test_grep said ../err &&
	test_grep ! said\$ ../out && head -n 1 ../out >../first &&
	echo "{" >../expect && test_cmp ../expect ../first &&
	test_grep "\"exit\": 0" ../out && test_grep "\"recorded\": 1" ../out &&
	test_grep "\"kind\": \"run\"" ../out &&
	test_expect_code 6 git model run --json -- sh -c "exit 6" >../out 2>../err &&
	test_grep "\"record\": null" ../out
'

test_expect_success 'secrets on the command line are not recorded' '
	cd r && git model run -- sh -c "date +%s%N >model.bin; : \$*" x \
		--password hunter2 API_KEY=hunter3 --url=https://u:hunter4@h/ \
		--tokenizer bert >../out 2>../err &&
	note_of model.bin >../note && test_grep ! hunter ../note &&
	git log -1 --format=%B refs/notes/model >../message &&
	test_grep ! hunter ../message && test_grep ! hunter ../err &&
	test_grep "\"--password\",\"\*\*\*\",\"API_KEY=\*\*\*\",\"--url=https://u:\*\*\*@h/\",\"--tokenizer\",\"bert\"" ../note
'

test_expect_success 'from a folder below, paths are from the top' '
	git init -q nested && cd nested && mkdir -p a/b lib &&
	echo "k: 1" >a/b/params.yaml && echo "z: 9" >lib/params.yaml &&
	echo x >a/in.txt && git add . && git commit -qm one && cd a/b &&
	git model run --in ../in.txt --out ../out.dat --metrics-file m.json -- \
		sh -c "cat ../in.txt >../out.dat; echo {\\\"m\\\":1} >m.json; ls params.yaml" \
		>../../../out 2>../../../err &&
	cd ../.. && echo params.yaml >../expect && test_cmp ../expect ../out &&
	note_of a/out.dat >../note &&
	test_grep "\"cwd\":\"a/b\"" ../note &&
	test_grep "\"path\":\"a/in.txt\"" ../note &&
	test_grep "\"path\":\"a/b/m.json\",\"role\":\"metrics\"" ../note &&
	test_grep "\"params\":{\"k\":1}" ../note &&
	test_grep "^/a/out.dat filter=model" .gitattributes &&
	git cat-file -p :a/out.dat >../pointer && test_grep git-model/1 ../pointer &&
	git cat-file -e :.gitattributes
'

test_expect_success 'a program with a slash is found from here' '
	cd nested/a && printf "#!/bin/sh\necho \"\$1\" >../out.dat\n" >b/tool &&
	chmod +x b/tool && sed -i "s|\.\./||" b/tool &&
	git model run --out out.dat -- b/tool new 2>../../err &&
	echo new >../../expect && test_cmp ../../expect out.dat
'

test_expect_success 'outputs of any name, and no other' '
	git init -q names && cd names && mkdir "sp ace" &&
	git commit -q --allow-empty -m one &&
	nl=$(printf "a\nb") &&
	echo keep >strong && echo keep2 >brac &&
	git model run --out "sp ace/x y" --out "$nl" --out=-dash \
		--out "st*r" --out "./:(top)x" --out "qu\"ote" --out "bra[c]" \
		--out "#hash" --out "!bang" -- sh -c "for f; do echo \"\$f\" >\"\$f\"; done" x \
		"sp ace/x y" "$nl" -dash "st*r" ":(top)x" "qu\"ote" \
		"bra[c]" "#hash" "!bang" 2>../err &&
	git ls-files -s -z | tr -dc "\0" >../count &&
	test $(test_file_size ../count) = 10 &&
	git ls-files -z strong brac >../actual && test_must_be_empty ../actual &&
	for f in "sp ace/x y" "$nl" "-dash" "st*r" ":(top)x" "qu\"ote" \
		"bra[c]" "#hash" "!bang"
	do
		git cat-file blob ":./$f" >../pointer &&
		test_grep "$(oid_of "./$f")" ../pointer &&
		note_of "./$f" >../note &&
		test_grep "sha256:$(oid_of "./$f")" ../note || return 1
	done &&
	note_of "./$nl" >../note && test_grep "\"path\":\"a\\\\nb\"" ../note
'

test_expect_success 'a folder is one output, by its manifest' '
	git init -q folder && cd folder && mkdir sub &&
	git commit -q --allow-empty -m one && cd sub &&
	git model run --out "out[1]" -- sh -c \
		"mkdir -p \"out[1]/deep\" && echo 1 >\"out[1]/a\" && echo 2 >\"out[1]/deep/b c\"" \
		2>../../err && cd .. &&
	test_grep "is tracked now" ../err &&
	git ls-files >../actual &&
	printf "%s\n" sub/.gitattributes "sub/out[1]/a" "sub/out[1]/deep/b c" >../expect &&
	test_cmp ../expect ../actual &&
	git notes --ref=model list >../list && test_line_count = 1 ../list &&
	git cat-file blob $(cut -d" " -f1 ../list) >../note &&
	test_grep "\"role\":\"manifest\"" ../note &&
	test_grep "\"outputs\":\[{\"content\":\"sha256:[0-9a-f]*\",\"path\":\"sub/out\[1\]\"" ../note &&
	git model show "./sub/out[1]" >../out &&
	git diff --quiet
'

test_expect_success 'of a folder that has some of ours, the rest is left alone' '
	cd folder && mkdir mixed && git model track "mixed/*.bin" >../out 2>&1 &&
	git add .gitattributes && git model run --out mixed -- \
		sh -c "echo 1 >mixed/a.bin; echo 2 >mixed/log.txt" 2>../err &&
	test_grep "not tracked" ../err &&
	git ls-files mixed >../actual && echo mixed/a.bin >../expect &&
	test_cmp ../expect ../actual
'

test_expect_success 'new files of a tracked pattern are outputs; ignored ones if named' '
	git init -q found && cd found && git model track "*.bin" >../out 2>&1 &&
	echo "ign*" >.gitignore && echo old >old.bin && git add . &&
	git commit -qm one &&
	git model run -- sh -c "echo n >new.bin; echo i >ign.bin" 2>../err &&
	note_of new.bin >../note && test_must_fail git rev-parse -q --verify :ign.bin &&
	test_must_fail note_of old.bin &&
	git model run --out ign.bin -- sh -c "echo j >ign.bin" 2>../err &&
	note_of ign.bin >../note
'

test_expect_success 'identical outputs, and empty ones' '
	cd found && git model run --out a1 --out a2 --out void -- \
		sh -c "echo same >a1; echo same >a2; : >void" 2>../err &&
	test_grep "void. is empty" ../err && note_of a1 >../note &&
	test_line_count = 2 ../note &&
	test_grep "\"path\":\"a1\",\"run\"" ../note && test_grep "\"path\":\"a2\",\"run\"" ../note
'

test_expect_success 'uncommitted changes are those from before' '
	git init -q dirty && cd dirty && git model track "*.bin" >../out 2>&1 &&
	echo one >code && git add . && git commit -qm one &&
	git model run -- sh -c "echo changed >code; echo 1 >m.bin" 2>../err &&
	note_of m.bin >../note && test_grep ! "\"dirty\"" ../note &&
	git model run -- sh -c "echo 2 >m.bin" 2>../err &&
	note_of m.bin >../note &&
	test_grep "\"dirty\":\"sha256:[0-9a-f]\{64\}\"" ../note &&
	git model run -- sh -c "git commit -qam two; echo 3 >m.bin" 2>../err &&
	note_of m.bin >../note &&
	test_grep "\"commit\":\"$(git rev-parse HEAD~1)\"" ../note
'

test_expect_success 'before the first commit' '
	git init -q unborn && cd unborn && git model track "*.bin" >../out 2>&1 &&
	git model run -- sh -c "echo 1 >m.bin" 2>../err &&
	note_of m.bin >../note && test_grep ! "\"commit\"" ../note &&
	test_grep ! "\"dirty\"" ../note
'

test_expect_success 'params: what counts, and as it stood before' '
	git init -q params && cd params && git model track "*.bin" >../out 2>&1 &&
	mkdir conf .hidden && echo "{\"a\": 1}" >params.json &&
	echo "far: 1" >conf/config.yaml && echo "named: 1" >conf/my-params.yml &&
	echo "{\"ts\": 1}" >tsconfig.json && echo "h: 1" >.hidden/params.yaml &&
	echo "bad: [" >other-params.yaml &&
	echo "b = 2" >given.ini && git add . && git commit -qm one &&
	git model run --params-file given.ini -- sh -c \
		"echo \"{\\\"a\\\": 5}\" >params.json; : \$1; echo 1 >m.bin" x \
		--config=conf/my-params.yml 2>../err &&
	test_grep "params.json. changed while the command ran" ../err &&
	test_grep "other-params.yaml" ../err &&
	note_of m.bin >../note &&
	test_grep "\"params\":{\"a\":5,\"b\":2,\"named\":1}" ../note
'

test_expect_success 'metrics: only what the command wrote' '
	cd params && echo "{\"old\": 1}" >old-metrics.json &&
	printf "step,loss\n1,0.5\n2,0.25\n" >../curve &&
	git model run --metrics-file old-metrics.json --metrics-file scores.csv -- \
		sh -c "cp ../curve scores.csv; echo \"acc: .5\" >eval.yaml; echo 2 >m.bin" \
		2>../err &&
	test_grep "old-metrics.json. was not written" ../err &&
	note_of m.bin >../note &&
	test_grep "\"metrics\":{\"acc\":0.5,\"loss\":0.25}" ../note &&
	test_grep "\"role\":\"curves\"" ../note &&
	test_grep ! "\"old\"" ../note
'

test_expect_success 'a DVCLive folder is read once, as one' '
	cd params && git model run -- sh -c \
		"mkdir -p dvclive/plots/metrics/train && echo \"{\\\"step\\\": 1, \\\"acc\\\": 0.5}\" >dvclive/metrics.json &&
		printf \"step\\tloss\\n0\\t3\\n1\\t2\\n\" >dvclive/plots/metrics/train/loss.tsv &&
		echo \"lr: 3\" >dvclive/params.yaml && echo 3 >m.bin" 2>../err &&
	note_of m.bin >../note &&
	test_grep "\"metrics\":{\"acc\":0.5,\"step\":1,\"train.loss\":2" ../note &&
	test_grep "\"lr\":3" ../note && test_grep "\"role\":\"curves\"" ../note &&
	test_grep "\"path\":\"dvclive/plots/metrics/train/loss.tsv\"" ../note
'

test_expect_success 'what cannot be read afterwards costs a warning only' '
	cd params && git model run -- sh -c \
		"echo \"{\" >metrics.json; echo 4 >m.bin" 2>../err &&
	test_grep "metrics.json:" ../err && note_of m.bin >../note &&
	test_grep ! "\"metrics\":" ../note
'

test_expect_success 'two at once lose nothing of each other' '
	git init -q twice && cd twice && git model track "*.bin" >../out 2>&1 &&
	git add . && git commit -qm one &&
	{ git model run --out a.bin -- sh -c "sleep 0.2; echo a >a.bin" 2>../err1 & } &&
	pid=$! &&
	git model run --out b.bin -- sh -c "sleep 0.2; echo b >b.bin" 2>../err &&
	wait $pid && note_of a.bin >../note && test_grep "echo a" ../note &&
	note_of b.bin >../note && test_grep "echo b" ../note
'

test_done
