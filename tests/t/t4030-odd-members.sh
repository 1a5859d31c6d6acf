#!/bin/sh

test_description='links and submodules in a folder artifact are part of what it is'

. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"
. "$TEST_DIR/lib-server.sh"

oid_of () {
	git model record --json "$1" --tag look=1 >"$TRASH/json" &&
	sed -n 's/.*"oid": "\([0-9a-f]*\)".*/\1/p' "$TRASH/json"
}

test_expect_success 'a governed folder, approved and promoted' '
	person alice && server srv.git && SERVER=$(pwd)/srv.git &&
	governed r alice <<-\EOT &&
	[group "leads"]
	member = alice@example.com
	[stage "production"]
	metric = auc >= 0.9
	approvals = 1 from leads
	[branch "main"]
	metric = auc >= 0.9
	EOT
	git model track "*.st" && mkdir -p bert spare &&
	mv-test random 3000 1 >bert/model.st && mv-test random 3000 2 >bad.st &&
	mv-test random 3000 3 >bert/other.st && echo "{}" >bert/config.json &&
	printf "[artifact \"bert\"]\npath = bert\n[metric \"auc\"]\ndirection = up\n" >.gitmodel/config &&
	git add . && git commit -q -m bert && git remote add origin "$SERVER" &&
	git push -q origin main && git fetch -q &&
	git model record bert --metric auc=0.95 && git model register bert @v1.0.0 &&
	as alice git model approve bert@v1.0.0 --stage production &&
	git model promote bert@v1.0.0 production && share && git branch good
'

# unknown <words> <command>...: exit 3, and says so
unknown () {
	unknown_words=$1 && shift &&
	test_expect_code 3 "$@" >"$TRASH/tmp/said" &&
	test_grep "$unknown_words" "$TRASH/tmp/said"
}

# another <words>: what HEAD has is another content for everybody
another () {
	git model diff good HEAD >"$TRASH/actual" &&
	test_grep "bert.*changed\|changed.*bert\|files:" "$TRASH/actual" &&
	test_grep "$1" "$TRASH/actual" &&
	unknown "auc is not recorded" git model check good..HEAD --branch main &&
	refused bert HEAD:main &&
	git tag -f -a -m two bert@v2.0.0 &&
	test_must_fail git model check --stage production bert@v2.0.0 >"$TRASH/actual" 2>&1 &&
	test_must_fail git model promote bert@v2.0.0 production >"$TRASH/actual" 2>&1
}

test_expect_success 'a member replaced by a link to outside' '
	cd r && git checkout -q -B try good &&
	ln -sfn ../bad.st bert/model.st && git add bert && git commit -q -m link &&
	another "bert/model.st\|model.st" &&
	git model record bert --metric auc=0.99 && git model push origin &&
	unknown "auc is not recorded" git model check good..HEAD --branch main &&
	refused bert HEAD:main
'

test_expect_success 'a link beside the members, within: by its target' '
	cd r && git checkout -q -B try good && before=$(oid_of bert) &&
	ln -s model.st bert/link.st && git add bert && git commit -q -m link &&
	another "link.st (link)" && first=$(oid_of bert) && test $first != $before &&
	ln -sfn other.st bert/link.st && git add bert && git commit -q -m link &&
	another "link.st (link)" && second=$(oid_of bert) && test $second != $first &&
	git model diff HEAD~1 HEAD >actual && test_grep "link.st (link -> link)" actual &&
	git model cat $second >m && test_grep "^git-model-manifest/2$" m &&
	test_grep "^link $(printf other.st | sha256sum | cut -c1-64) 8 link.st$" m &&
	git model record bert --metric auc=0.95 && git model push origin &&
	git model check good..HEAD --branch main && accepted HEAD:refs/heads/side
'

test_expect_success 'a link changed in the index alone, and a plain member' '
	cd r && git checkout -q -B try good && git model diff HEAD >actual &&
	ln -s model.st bert/link.st && git add bert &&
	git model diff HEAD >actual && test_grep "link.st (link)" actual &&
	git reset -q --hard && rm -f bert/link.st && echo "{2}" >bert/config.json &&
	git add bert && git model diff >actual && test_grep "config.json" actual &&
	git reset -q --hard
'

test_expect_success 'links that climb out by a detour' '
	cd r && git checkout -q -B try good && mkdir -p bert/sub/deep &&
	ln -s .. bert/sub/up && ln -s sub/up/../bad.st bert/model2.st &&
	git add bert && git commit -q -m link &&
	git model record bert --metric auc=0.99 && git model push origin &&
	unknown "auc is not recorded" git model check good..HEAD --branch main
'

test_expect_success 'a submodule' '
	cd r && git checkout -q -B try good &&
	git update-index --add --cacheinfo 160000,$(git rev-parse good),bert/mod &&
	git commit -q -m module && another "mod (submodule)" &&
	git update-index --cacheinfo 160000,$(git rev-parse good~1),bert/mod &&
	git commit -q -m module && git model diff HEAD~1 HEAD >actual &&
	test_grep "mod (submodule -> submodule)" actual &&
	git reset -q --hard
'

test_expect_success 'a link whose target is the text of the pointer is no pointer' '
	cd r && git checkout -q -B try good &&
	printf "[artifact \"one\"]\npath = bert/model.st\n[metric \"auc\"]\ndirection = up\n" >.gitmodel/config &&
	git add .gitmodel && git commit -q -m config && git branch -f before &&
	blob=$(git rev-parse HEAD:bert/model.st) &&
	git update-index --cacheinfo 120000,$blob,bert/model.st &&
	git commit -q -m pointer-link &&
	test_expect_code 128 git model show one@HEAD 2>err && test_grep "symbolic link" err &&
	git model diff before HEAD >actual && test_grep "bert/model.st" actual &&
	git reset -q --hard && git checkout -q -f main
'

test_expect_success 'data: the links of a folder, tracked or not, as git would take them' '
	cd r && git checkout -q -B try good && mkdir -p set && echo 1 >set/a && ln -s a set/b &&
	git model record bert --data set --json >json && cp -P -R set ../far &&
	git add set && git commit -q -m set && id=$(oid_of set) &&
	git model record bert --data set --data ../far && echo 2 >set/c &&
	blob=$(git notes --ref=model list | cut -d" " -f2 | while read b
	do
		git cat-file blob $(git notes --ref=model list $b) | grep -q "\"path\":\"../far\"" && echo $b
	done) &&
	git notes --ref=model show $blob | grep "\"path\":\"../far\"" >line &&
	test "$(grep -o "\"content\":\"sha256:$id\",\"\(name\|path\)" line | wc -l)" = 2 &&
	rm set/c && git checkout -q -f main
'

test_done
