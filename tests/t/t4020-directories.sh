#!/bin/sh

test_description='a folder as one content: its manifest, in every clone the same'

. ./lib-test.sh
. "$TEST_DIR/lib-filter.sh"

# The oid that a folder was recorded under.
oid_of () {
	git model record --json "$1" --tag look=1 >"$TRASH/json" &&
	sed -n 's/.*"oid": "\([0-9a-f]*\)".*/\1/p' "$TRASH/json"
}

test_expect_success 'a dataset of many files, ours and plain ones' '
	git init -q --bare hub.git &&
	git init -q r && cd r && git remote add origin ../hub.git &&
	git model track "*.bin" &&
	mkdir -p data/train data/test other &&
	for i in 3 1 2
	do
		mv-test random 2000 $i >data/train/$i.bin || return 1
	done &&
	mv-test random 100 9 >data/test/t.bin &&
	echo label,1 >data/labels.csv && : >data/empty &&
	mv-test random 100 9 >other/x.bin &&
	git model add data other --metric rows=100 >actual &&
	test_grep "recorded 1 metric on data (sha256:" actual &&
	test_grep "recorded 1 metric on other (sha256:" actual &&
	git add . && git commit -q -m data && git push -q origin main
'

test_expect_success 'its id is the digest of the sorted list' '
	cd r &&
	{
		echo git-model-manifest/1 &&
		for f in empty labels.csv test/t.bin train/1.bin train/2.bin \
			train/3.bin
		do
			echo "$(sha256sum <data/$f | cut -c1-64) $(test_file_size data/$f) $f" ||
			return 1
		done
	} >want &&
	oid=$(oid_of data) &&
	test "$oid" = "$(sha256sum <want | cut -c1-64)" &&
	git model cat $oid >manifest && test_cmp want manifest &&
	printf "git-model/1\noid sha256:%s\nsize %d\n" $oid $(test_file_size want) >pointer &&
	blob=$(git hash-object pointer) &&
	git notes --ref=model show $blob >lines &&
	test_grep "\"rows\":100" lines &&
	test_grep "\"role\":\"manifest\"" lines
'

test_expect_success 'in a commit, with a slash, from within' '
	cd r && oid=$(oid_of data) &&
	test "$(oid_of data/)" = $oid &&
	test "$(oid_of data@HEAD)" = $oid &&
	test "$(oid_of HEAD:data)" = $oid &&
	test "$(oid_of HEAD:data/)" = $oid &&
	test "$(cd data/train && oid_of ..)" = $oid &&
	test "$(cd data && oid_of .)" = $oid &&
	test "$(oid_of $oid)" = $oid &&
	test "$(oid_of $(echo $oid | cut -c1-8))" = $oid &&
	test "$(oid_of other)" != $oid
'

test_expect_success 'the same in a clone, whatever the order of adding' '
	git init -q s && cd s && git model track "*.bin" &&
	mkdir -p data/test data/train &&
	for f in train/2.bin test/t.bin train/3.bin labels.csv train/1.bin empty
	do
		cp ../r/data/$f data/$f && git model add -f data/$f || return 1
	done &&
	oid=$(oid_of data) && test -n "$oid" &&
	test "$oid" = "$(cd ../r && oid_of data)"
'

test_expect_success 'what clone and fetch bring: the list, and what is known' '
	(cd r && git model push) &&
	git clone -q hub.git c && cd c && git model fetch &&
	oid=$(cd ../r && oid_of data) &&
	git model cat $oid >manifest && test_cmp ../r/want manifest &&
	git model gc --grace 0 && git model cat $oid >/dev/null &&
	test "$(oid_of data)" = $oid
'

test_expect_success 'a change of one member is another content' '
	cd r && before=$(oid_of data) &&
	echo label,2 >>data/labels.csv &&
	test "$(oid_of data)" = $before &&
	git model add data &&
	after=$(oid_of data) && test $after != $before &&
	test "$(oid_of data@HEAD)" = $before &&
	git mv data/train/1.bin data/train/0.bin &&
	test "$(oid_of data)" != $after &&
	git reset -q --hard && test "$(oid_of data)" = $before
'

test_expect_success 'an artifact of .gitmodel/config can be a folder' '
	cd r && mkdir .gitmodel &&
	printf "[artifact \"set\"]\npath = data\ntype = dataset\n" >.gitmodel/config &&
	git add .gitmodel && git commit -q -m set &&
	git model record set --metric rows=6 --json >json &&
	test_grep "\"artifact\": \"set\"" json &&
	test_grep "\"path\": \"data\"" json &&
	git model record data/train/1.bin --tag a=b --json >json &&
	test_grep ! "\"artifact\"" json
'

test_expect_success 'data: the folder as it lies there now' '
	cd r && oid=$(oid_of data) && git model add other/x.bin --data data &&
	note=$(git notes --ref=model show $(git rev-parse :other/x.bin) | tail -1) &&
	echo "$note" >line &&
	test_grep "\"data\":\[{\"content\":\"sha256:$oid\",\"name\":\"set\",\"path\":\"data\"" line &&
	test_grep "\"role\":\"manifest\"" line &&
	echo changed >data/labels.csv && echo new >data/new.txt &&
	git model record other/x.bin --data data &&
	git notes --ref=model show $(git rev-parse :other/x.bin) | tail -1 >line &&
	test_grep ! "sha256:$oid\",\"name\"" line &&
	now=$(sed "s/.*\"data\":\[{\"content\":\"sha256:\([0-9a-f]*\)\".*/\1/" line) &&
	git model cat $now >manifest &&
	test_grep " new.txt$" manifest &&
	test_grep "$(sha256sum <data/labels.csv | cut -c1-64) 8 labels.csv" manifest &&
	git add data && test "$(oid_of data)" = $now &&
	git reset -q --hard
'

test_expect_success 'data that git does not know, or that is elsewhere' '
	cd r && cp -R data ../far && ln -s labels.csv ../far/link &&
	echo "/near/" >>.git/info/exclude && cp -R data near &&
	oid=$(oid_of data) &&
	git model record other/x.bin --data ../far --data near 2>err &&
	test_must_be_empty err &&
	git notes --ref=model show $(git rev-parse :other/x.bin) | tail -1 >line &&
	test_grep ! "{\"content\":\"sha256:$oid\",\"path\":\"../far\"" line &&
	far=$(sed "s/.*{\"content\":\"sha256:\([0-9a-f]*\)\",\"path\":\"..\/far\".*/\1/" line) &&
	git model cat $far >manifest && test_grep "^link .* 10 link$" manifest &&
	ln -s ../labels.csv ../far/out &&
	git model record other/x.bin --data ../far 2>err &&
	test_grep "1 link in .*far. leads out of it" err &&
	test_grep "{\"content\":\"sha256:$oid\",\"path\":\"near\"" line &&
	mkdir void && test_expect_code 128 git model record other/x.bin --data void 2>err &&
	test_grep "no files" err
'

test_expect_success 'everything is too much, a folder with its file is two' '
	cd r &&
	test_expect_code 128 git model add . --metric a=1 2>err &&
	test_grep "whole work tree" err &&
	git model add data data/test/t.bin --metric a=1 >out &&
	test_grep "on data (" out && test_grep "on data/test/t.bin (" out &&
	git model add "data/train/*.bin" --metric a=1 >out &&
	grep -c "on data/train/" out >n && test "$(cat n)" = 3
'

test_expect_success 'names that lists must escape' '
	git init -q odd && cd odd && git model track "*.bin" && mkdir d &&
	nl=$(printf "x\ny") && mv-test random 50 1 >"d/a${nl}b.bin" &&
	mv-test random 50 2 >"d/back\\slash.bin" &&
	mv-test random 50 3 >"d/ lead.bin" &&
	git model add d --metric a=1 >out &&
	oid=$(oid_of d) && git model cat $oid >manifest &&
	test_line_count = 4 manifest &&
	test "$(oid_of $oid)" = $oid
'

test_done
