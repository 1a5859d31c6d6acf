#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `make walk` calls this (and `make demo` after the main job): two people, one
# server, a policy. What is recorded, who approves, what is refused and why,
# and how a clone proves all of it. Everything happens in $B/walk.
TOP=$(cd "$(dirname "$0")/.." && pwd) || exit 1
B=$(cd "$TOP" && cd "${B:-build}" && pwd) || exit 1
W=${DEMO:-$B}/walk
models=$TOP/tests/data
. "$TOP/scripts/demo-lib.sh"

# A person: a name, a key, a git configuration.
person () {
	GIT_CONFIG_GLOBAL=$W/home/$1.gitconfig &&
	export GIT_CONFIG_GLOBAL &&
	test -f "$GIT_CONFIG_GLOBAL" && return
	cp "$HOME/.gitconfig" "$GIT_CONFIG_GLOBAL" &&
	ssh-keygen -q -t ed25519 -N '' -C "$1" -f "$W/home/$1.key" &&
	git config --global user.name "$1" &&
	git config --global user.email "$1@example.com" &&
	git config --global gpg.format ssh &&
	git config --global user.signingkey "$W/home/$1.key.pub" &&
	git model install >"$W/home/log" || fail "there is no $1"
}
signer () {
	echo "$1@example.com namespaces=\"git,git-model-approval@v1\"" \
		"$(cut -d ' ' -f 1,2 "$W/home/$1.key.pub")"
}
command -v ssh-keygen >/dev/null || fail "ssh-keygen is missing (openssh-client)"
person bo && person ann || exit 1

say "A server that judges pushes, and Ann's clone of it"
run 'git init -q --bare team.git && git model install --server team.git'
run 'git clone -q team.git ann 2>home/log && cd ann'
run "git model track '*.safetensors'"

say "What is called what, which way is better, and what production demands"
mkdir .gitmodel
cat >.gitmodel/config <<\EOT
[repository]
id = 2f9b6a54-fraud-demo

[artifact "fraud"]
path = model.safetensors
type = model

[metric "val_loss"]
direction = down
precision = 3
EOT
cat >.gitmodel/policy <<\EOT
policy-approvals = 2 from leads

[group "leads"]
member = ann@example.com
member = bo@example.com

[stage "production"]
metric = val_loss <= 1.8
no-regression = val_loss margin 1% vs current
approvals = 1 from leads
forbid-self-approval = promoter
require-stage = staging
format = safetensors
rollback = previously-held within 90d
EOT
{ signer ann && signer bo; } >.gitmodel/allowed_signers
run 'cat .gitmodel/policy'

say "The first model, with what is known about it"
run 'cp $models/tiny-ckpt2-step1500.safetensors model.safetensors'
run 'printf "id,text\n1,to be\n2,or not\n" >holdout.csv && git add holdout.csv'
run 'git model add model.safetensors --param lr=2e-3 --param steps=1500 --metric val_loss=1.78 --eval-data holdout.csv --dataset holdout'
run 'git add . && git commit -q -m "step 1500" && git push -q -u origin main'
run 'git model register fraud && git model promote fraud@v0.0.1 staging'
run "git push -q origin fraud@v0.0.1 'fraud#staging#1'"

say "To production? The policy says no, here and on the server"
refused 'git model promote fraud@v0.0.1 production'
run 'git model promote --force -m "it is urgent" fraud@v0.0.1 production >../home/log'
refused "git push origin 'fraud#production#2'"
run "git tag -d 'fraud#production#2'"

say "Bo looks at it in a clone, and signs"
person bo
run 'git clone -q ../team.git ../bo && cd ../bo && git model fetch'
run 'git model show fraud'
check 'Bo sees what Ann recorded' has 'val_loss  *1.780' 'git model show fraud'
run 'git model approve fraud@v0.0.1 --stage production --reason "checked on the holdout"'
run 'git model push'

say "Now it may go"
person ann
run 'cd ../ann && git model fetch'
run 'git model check fraud@v0.0.1 --stage production --explain'
run 'git model promote fraud@v0.0.1 production'
run "git push -q origin 'fraud#production#2'"

say "A better model: what changed?"
run 'cp $models/tiny-ft-shakespeare-lr1e-5-fp32.safetensors model.safetensors'
run 'git model add model.safetensors --param lr=1e-5 --param steps=1800 --metric val_loss=1.69 --eval-data holdout.csv --dataset holdout'
run 'git commit -q -m "fine-tuned" && git push -q'
run 'git model diff'
run 'git model register fraud --bump minor && git model promote fraud@v0.1.0 staging'
run "git push -q origin fraud@v0.1.0 'fraud#staging#3'"
person bo
run 'cd ../bo && git pull -q && git fetch -q --tags && git model fetch'
run 'git model approve fraud@v0.1.0 --stage production --expires 14d && git model push'
person ann
run 'cd ../ann && git model fetch && git model promote fraud@v0.1.0 production'
run "git push -q origin 'fraud#production#4'"
run 'git model compare fraud'

say "It was not: back to what held the stage before"
run 'git model rollback fraud production'
run "git push -q origin 'fraud#production#5'"
run 'git model which "fraud#production"'
check 'production is v0.0.1 again' has 'v0.0.1' \
	'git model which "fraud#production" --json'
run 'git model checkout "fraud#production"'
check 'and these are its bytes' same model.safetensors \
	"$models/tiny-ckpt2-step1500.safetensors"

say "Anybody can prove all of it, from a clone alone"
person bo
run 'git clone -q ../team.git ../auditor && cd ../auditor && git model fetch'
run 'git model verify --all'
run 'git model audit'
run 'git model report --html ../report'
check 'there is a page to look at' test -s ../report/index.html

printf '\nwalk: %s checks passed; the pages are in %s\n' $checks "$W/report"
