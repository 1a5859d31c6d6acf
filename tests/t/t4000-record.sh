#!/bin/sh

test_description='git model record, and evidence with git model add'

. ./lib-test.sh
. "$TEST_DIR/lib-filter.sh"

# The lines of the note on what the index has at a path.
note () {
	git notes --ref=model show "$(git rev-parse ":$1")"
}

test_expect_success 'a repository' '
	git init -q r &&
	cd r &&
	git model track "*.bin" &&
	mv-test random 5000 1 >a.bin &&
	mv-test random 5000 2 >b.bin &&
	: >empty.bin &&
	echo code >code.py &&
	git model add -f . && git commit -q -m one
'

test_expect_success 'params, metrics and tags, with their types' '
	cd r &&
	git model record a.bin --param lr=0.001 --param layers=12 \
		--param amsgrad=true --param seed=null --param "name=\"12\"" \
		--param note=hello --metric auc=0.93 --metric loss=nan \
		--metric gap=-inf --metric n=12345678901234567890123 \
		--tag host=gpu7 >actual &&
	oid=$(sha256sum a.bin | cut -c1-8) &&
	echo "recorded 6 params, 4 metrics, 1 tag on a.bin (sha256:$oid)" >want &&
	test_cmp want actual &&
	note a.bin >line &&
	test_line_count = 1 line &&
	test_grep "^{\"t\":\"20[0-9TZ:.-]*\",\"kind\":\"evidence\"," line &&
	test_grep "\"lr\":0.001" line &&
	test_grep "\"layers\":12," line &&
	test_grep "\"amsgrad\":true" line &&
	test_grep "\"seed\":null" line &&
	test_grep "\"name\":\"12\"" line &&
	test_grep "\"note\":\"hello\"" line &&
	test_grep "\"auc\":0.93" line &&
	test_grep "\"loss\":{\"number\":\"nan\"}" line &&
	test_grep "\"gap\":{\"number\":\"-inf\"}" line &&
	test_grep "\"n\":{\"number\":\"12345678901234567890123\"}" line &&
	test_grep "\"by\":\"C O Mitter <committer@example.com>\"" line &&
	test_grep "\"commit\":\"$(git rev-parse HEAD)\"" line &&
	test_grep "\"content\":\"sha256:$(sha256sum a.bin | cut -c1-64)\"" line &&
	test_grep ! "\"dirty\"" line
'

test_expect_success 'files are flattened, what is typed has the last word' '
	cd r &&
	cat >p.yaml <<-\EOF &&
	lr: 0.1
	optimizer:
	  name: adam
	  betas: [0.9, 0.999]
	"odd\nkey": 1
	EOF
	printf "[train]\nepochs = 3\n" >p.ini &&
	echo "{\"auc\": 0.5, \"deep\": {\"f1\": 1e-7}, \"bad\": NaN}" >m.json &&
	git model record b.bin --param lr=0.2 --params-file p.yaml \
		--params-file p.ini --metrics-file m.json --metric auc=0.75 &&
	note b.bin >line &&
	test_grep "\"lr\":0.2" line &&
	test_grep "\"optimizer.name\":\"adam\"" line &&
	test_grep "\"optimizer.betas\":{\"list\":\"\[0.9,0.999\]\"}" line &&
	test_grep "\"odd\\\\nkey\":1" line &&
	test_grep "\"train.epochs\":" line &&
	test_grep "\"deep.f1\":1e-07" line &&
	test_grep "\"auc\":0.75" line &&
	test_grep "\"bad\":{\"number\":\"nan\"}" line
'

test_expect_success 'a broken file is named with line and column; nothing changes' '
	cd r &&
	printf "{\n \"a\": 1,\n \"a\" 2\n}\n" >bad.json &&
	mv-test random 3000 9 >new.bin &&
	before=$(git rev-parse refs/notes/model) &&
	test_expect_code 128 git model add new.bin --metrics-file bad.json 2>err &&
	test_grep "bad.json:3:" err &&
	test_must_fail git ls-files --error-unmatch new.bin &&
	test_expect_code 128 git model record a.bin --params-file bad.json 2>err &&
	test_grep "bad.json:3:" err &&
	printf "a: 1\nb: [1\n" >bad.yaml &&
	test_expect_code 128 git model record a.bin --params-file bad.yaml 2>err &&
	test_grep "bad.yaml:[23]:" err &&
	test_expect_code 128 git model record a.bin --params-file none.yaml 2>err &&
	test_grep "none.yaml" err &&
	test_expect_code 128 git model record a.bin --metric nothing 2>err &&
	test_grep "metric" err &&
	test_expect_code 128 git model record a.bin --data nowhere 2>err &&
	test_grep "nowhere" err &&
	test "$before" = "$(git rev-parse refs/notes/model)"
'

test_expect_success 'add stages and records, also what was staged before' '
	cd r &&
	git model add new.bin b.bin --metric auc=1 >actual &&
	test_grep "^1 file added" actual &&
	test_grep "^recorded 1 metric on b.bin " actual &&
	test_grep "^recorded 1 metric on new.bin " actual &&
	git ls-files --error-unmatch new.bin &&
	note new.bin >line && test_grep "\"auc\":1" line &&
	note b.bin >lines && test_line_count = 2 lines &&
	git log -1 --format=%s refs/notes/model >subject &&
	test_grep "evidence on 2 contents" subject &&
	git model add --json new.bin --metric auc=2 >actual &&
	test_grep "\"recorded\"" actual &&
	test_grep "\"auc\": 2" actual
'

test_expect_success 'a batch is one commit of the notes' '
	cd r &&
	before=$(git rev-list --count refs/notes/model) &&
	git model record a.bin b.bin new.bin --tag batch=yes &&
	test $(git rev-list --count refs/notes/model) = $((before + 1))
'

test_expect_success 'nothing to say, and nothing to say it on' '
	cd r &&
	test_expect_code 129 git model record a.bin 2>err &&
	test_grep "nothing to record" err &&
	test_expect_code 129 git model record --metric a=1 2>err &&
	test_grep "on what" err &&
	test_expect_code 128 git model record code.py --metric a=1 2>err &&
	test_grep "not a file of git-model" err &&
	test_expect_code 128 git model record nwe.bin --metric a=1 2>err &&
	test_grep "did you mean .new.bin." err
'

test_expect_success 'an empty file is refused, beside others left out' '
	cd r &&
	test_expect_code 128 git model record empty.bin --metric a=1 2>err &&
	test_grep "empty.bin.* is empty" err &&
	git model add empty.bin b.bin --tag round=2 >actual 2>err &&
	test_grep "1 empty file" err &&
	test_grep "^recorded 1 tag on b.bin" actual &&
	test_grep ! "recorded.*empty.bin" actual
'

test_expect_success 'by revision, by oid, from a folder below' '
	cd r &&
	old=$(git rev-parse HEAD:a.bin) &&
	mv-test random 4000 3 >a.bin && git model add a.bin &&
	git model record a.bin@HEAD --tag how=revision &&
	git model record HEAD:a.bin --tag how=colon &&
	git notes --ref=model show $old >lines &&
	test_grep "\"how\":\"revision\"" lines &&
	test_grep "\"how\":\"colon\"" lines &&
	test_must_fail note a.bin &&
	hex=$(sha256sum a.bin | cut -c1-64) &&
	git model record $hex --tag how=oid &&
	git model record sha256:$hex --tag how=prefixed &&
	git model record $(echo $hex | cut -c1-9) --tag how=short &&
	mkdir -p sub/dir && (cd sub/dir &&
		git model record ../../a.bin --tag how=relative &&
		git model record ../../a.bin@HEAD --tag how=relrev) &&
	note a.bin >lines && test_line_count = 4 lines &&
	git notes --ref=model show $old >lines &&
	test_grep "\"how\":\"relrev\"" lines &&
	test_expect_code 128 git model record 0000000 --tag a=b &&
	test_expect_code 128 git model record a.bin@nowhere --tag a=b 2>err &&
	test_grep "a.bin@nowhere" err &&
	git commit -q -m two
'

test_expect_success 'paths with @, # and :, and names that are paths' '
	cd r &&
	mkdir .gitmodel &&
	printf "[artifact \"fraud\"]\npath = a.bin\n[artifact \"b-bin\"]\npath=b.bin\n" \
		>.gitmodel/config &&
	cp new.bin "x@HEAD.bin" && cp b.bin "p#q.bin" && mv-test random 700 5 >"m:n.bin" &&
	mv-test random 710 6 >"h@HEAD" && mv-test random 720 7 >fraud &&
	git model add "x@HEAD.bin" "p#q.bin" "m:n.bin" "h@HEAD" fraud .gitmodel &&
	git commit -q -m names &&
	git model record "x@HEAD.bin" --tag k=at >actual &&
	test_grep "on x@HEAD.bin " actual &&
	git model record "p#q.bin" --tag k=hash >actual &&
	test_grep "on p#q.bin " actual &&
	git model record "m:n.bin" --tag k=colon >actual &&
	test_grep "on m:n.bin " actual &&
	git model record "h@HEAD" --tag k=path >actual &&
	test_grep "on h@HEAD " actual &&
	git model record "x@HEAD.bin@HEAD" --tag k=both >actual &&
	test_grep "on x@HEAD.bin " actual &&
	git model record "x@HEAD.bin@HEAD@{0}" "m:n.bin@@" --tag k=reflog >actual &&
	test_line_count = 2 actual &&
	git model record fraud --tag k=name --json >actual &&
	test_grep "\"path\": \"a.bin\"" actual &&
	test_grep "\"artifact\": \"fraud\"" actual &&
	git model record ./fraud --tag k=path --json >actual &&
	test_grep "\"path\": \"fraud\"" actual &&
	git model record b-bin@HEAD --tag k=namerev --json >actual &&
	test_grep "\"path\": \"b.bin\"" actual &&
	git model record b.bin --artifact other --tag k=v --json >actual &&
	test_grep "\"artifact\": \"other\"" actual &&
	test_expect_code 128 git model record b.bin --artifact "No Name" --tag k=v
'

test_expect_success 'data: files, ours or not, names, digests' '
	cd r &&
	echo 1,2 >../out.csv &&
	git model record b.bin --data code.py --dataset d1 --data fraud \
		--eval-data ../out.csv --data md5:d41d8cd98f00b204e9800998ecf8427e \
		--data sha256:$(printf %064d 7) >actual &&
	test_grep "5 datasets on b.bin" actual &&
	note b.bin | tail -1 >line &&
	code=$(sha256sum code.py | cut -c1-64) &&
	test_grep "{\"content\":\"sha256:$code\",\"path\":\"code.py\",\"size\":5}" line &&
	fraud=$(sha256sum fraud | cut -c1-64) &&
	test_grep "{\"content\":\"sha256:$fraud\",\"name\":\"d1\",\"path\":\"fraud\",\"size\":720}" line &&
	test_grep "\"name\":\"d1\",\"path\":\"../out.csv\",\"role\":\"eval\"" line &&
	test_grep "{\"digest\":\"md5:d41d8cd98f00b204e9800998ecf8427e\",\"name\":\"d1\"}" line &&
	git model record b.bin --data code.py --dataset last &&
	note b.bin | tail -1 >line &&
	test_grep "\"name\":\"last\",\"path\":\"code.py\"" line &&
	test_expect_code 128 git model record b.bin --dataset alone 2>err &&
	test_grep "dataset" err
'

test_expect_success 'what was not committed has a digest; content alone has not' '
	cd r &&
	mv-test random 600 8 >b2.bin && git model add b2.bin --tag a=1 &&
	note b2.bin >line && test_grep ! "\"dirty\"" line &&
	echo more >>code.py &&
	git model record b2.bin --tag a=2 &&
	note b2.bin | tail -1 >line &&
	test_grep "\"dirty\":\"sha256:$(git diff --binary --full-index HEAD | sha256sum | cut -c1-64)\"" line &&
	git checkout -q code.py
'

test_expect_success 'tables become curves and last values' '
	cd r &&
	printf "step,loss,acc\n1,0.9,0.1\n2,0.5,0.6\n" >log.csv &&
	git model record b2.bin --metrics-file log.csv >actual &&
	test_grep "recorded 2 metrics, 1 set of curves" actual &&
	note b2.bin | tail -1 >line &&
	test_grep "\"acc\":0.6" line &&
	test_grep "\"role\":\"curves\"" line &&
	oid=$(sed "s/.*\"attached\":\[{\"content\":\"sha256:\([0-9a-f]*\)\".*/\1/" line) &&
	git model cat $oid >curves &&
	test_grep "\"metric\":\"loss\"" curves &&
	git model record b2.bin --curves log.csv >actual &&
	test_grep "recorded 1 set of curves" actual &&
	mkdir -p live/plots/metrics/train &&
	echo "{\"train\": {\"loss\": 0.25}, \"step\": 2}" >live/metrics.json &&
	printf "step\tloss\n1\t0.5\n2\t0.25\n" >live/plots/metrics/train/loss.tsv &&
	git model record b2.bin --metrics-file live &&
	note b2.bin | tail -1 >line &&
	test_grep "\"train.loss\":0.25" line &&
	test_expect_code 128 git model record b2.bin --metrics-file sub 2>err &&
	test_grep "DVCLive" err &&
	test_expect_code 128 git model record b2.bin --params-file log.csv
'

test_expect_success 'more than a line holds: says what to do, records nothing' '
	cd r &&
	before=$(git rev-parse refs/notes/model) &&
	awk "BEGIN { printf \"{\"; for (i = 0; i < 200000; i++)
		printf \"%s\\\"metric-%d\\\": %d.5\", (i ? \",\" : \"\"), i, i;
		print \"}\" }" >huge.json &&
	test_expect_code 128 git model record b2.bin --metrics-file huge.json 2>err &&
	test_grep "record" err &&
	test "$before" = "$(git rev-parse refs/notes/model)"
'

test_expect_success 'hostile names reach no terminal' '
	cd r &&
	esc=$(printf "\033") &&
	printf "{\"a\\u001b[31m\": 1}" >esc.json &&
	git model record b2.bin --metrics-file esc.json --tag "x${esc}y=z" >out 2>&1 &&
	cp b2.bin "e${esc}vil.bin" &&
	git model add "e${esc}vil.bin" --metric a=1 >>out 2>&1 &&
	test_must_fail git model record b2.bin --metric a=1 --artifact "a${esc}" >>out 2>&1 &&
	test_grep "evil\|e.x1b" out &&
	test_grep ! "$esc" out
'

test_expect_success 'thirty-two at once: every line is there' '
	cd r &&
	mv-test random 900 11 >many.bin && git model add many.bin &&
	for i in $(seq 0 31)
	do
		git model record many.bin --metric writer=$i >/dev/null &
	done &&
	wait &&
	note many.bin >lines && test_line_count = 32 lines &&
	sed "s/.*\"writer\":\([0-9]*\).*/\1/" lines | sort -n | uniq >writers &&
	test_line_count = 32 writers &&
	sort -c lines &&
	git fsck --strict
'

test_expect_success 'lines of others survive' '
	cd r &&
	git notes --ref=model append -m "not ours at all" $(git rev-parse :many.bin) &&
	git notes --ref=model append -m "{\"t\":\"x\",\"kind\":\"later\",\"new\":1}" \
		$(git rev-parse :many.bin) &&
	git model record many.bin --metric writer=32 &&
	note many.bin >lines &&
	test_grep "^not ours at all$" lines &&
	test_grep "\"kind\":\"later\"" lines &&
	grep -c "\"writer\"" lines >n && test "$(cat n)" = 33
'

test_expect_success 'detached HEAD, no commit at all, nobody to be' '
	cd r &&
	git checkout -q --detach &&
	git model record many.bin --tag at=detached &&
	git checkout -q main &&
	git init -q ../young && cd ../young &&
	test_expect_code 128 git model record x.bin --metric a=1 2>err &&
	test_grep "no commit yet" err &&
	mv-test random 800 12 >x.bin &&
	test_expect_code 128 git model record x.bin --metric a=1 2>err &&
	test_grep "not in the index" err &&
	git model add x.bin --metric a=1 &&
	note x.bin >line && test_grep ! "\"commit\"" line &&
	test_expect_code 128 env -u GIT_COMMITTER_NAME -u GIT_COMMITTER_EMAIL \
		-u GIT_AUTHOR_NAME -u GIT_AUTHOR_EMAIL \
		git -c user.useConfigOnly=true model record x.bin --metric a=2 2>err &&
	test_grep "user.email\|user.name\|ident" err
'

test_expect_success 'what git had stored before is said so' '
	cd r &&
	mv-test random 1100000 41 >large.bin && git model add large.bin &&
	mv-test random 1100000 42 >large.bin &&
	git status --porcelain >/dev/null &&
	git model add large.bin >actual &&
	test_grep "^1 file added (.* 0 B of them new in the store), 0 unchanged" actual
'

test_expect_success 'a bare repository, by HEAD' '
	git clone -q --bare r bare.git 2>/dev/null &&
	cd bare.git &&
	git model record b.bin --tag at=bare &&
	git model record b.bin@main --tag at=bare2 &&
	git notes --ref=model show $(git rev-parse HEAD:b.bin) >lines &&
	test_line_count = 2 lines
'

test_expect_success 'a file that says nothing is no evidence' '
	cd r &&
	echo "{}" >empty.json &&
	git rev-parse -q --verify refs/notes/model >before &&
	test_expect_code 128 git model record a.bin --metrics-file empty.json \
		2>err &&
	test_grep "nothing to record is in .empty.json." err &&
	git rev-parse -q --verify refs/notes/model >after &&
	test_cmp before after
'

test_done
