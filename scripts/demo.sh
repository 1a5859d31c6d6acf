#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `make demo` calls this: the main job on real model files, each command
# shown before it runs, each result checked. What git knows of you is not
# read or written; all of it happens in $B/demo, which stays for you to look
# at and is made anew each time.
TOP=$(cd "$(dirname "$0")/.." && pwd) || exit 1
B=$(cd "$TOP" && cd "${B:-build}" && pwd) || exit 1
W=${DEMO:-$B}/demo
models=$TOP/tests/data
. "$TOP/scripts/demo-lib.sh"

say "An ordinary git repository, in which git-model looks after the models"
run 'git init -q fraud && cd fraud'
run 'git model install'
run "git model track '*.safetensors' '*.gguf'"
check 'git calls git-model for them' \
	has 'filter: model' 'git check-attr filter model.safetensors'

say "A checkpoint and a quantised model: git keeps pointers, the store bytes"
run 'cp $models/tiny-ckpt2-step1500.safetensors model.safetensors'
run 'cp $models/tiny-final-Q8_0.gguf model.gguf'
run 'git model add model.safetensors model.gguf && git add .gitattributes'
run "git commit -q -m 'checkpoint at step 1500'"
run 'git cat-file -p HEAD:model.safetensors'
check 'the pointer names the sha256 of the file' says \
	"oid sha256:$(sha256sum <"$models/tiny-ckpt2-step1500.safetensors" |
		cut -d ' ' -f 1)" \
	'git cat-file -p HEAD:model.safetensors | grep ^oid'

say "A fine-tuned version; plain git add does the same"
run 'cp $models/tiny-ft-shakespeare-lr1e-5-fp32.safetensors model.safetensors'
run 'git model status'
check 'the change is seen' has '^modified .*model.safetensors' \
	'git model status'
run 'git add model.safetensors'
run "git commit -q -m 'fine-tuned on Shakespeare'"
run 'git diff HEAD~ | grep "^[-+]"'
check 'the diff shows what is inside' has '^-metadata: step = 1500' \
	'git diff HEAD~'

say "A few weights change: only their chunk is new"
run 'printf "other weights" | dd of=model.safetensors conv=notrunc bs=1 seek=700000 status=none'
run 'git model add model.safetensors'
run "git commit -q -m 'a few weights patched'"
run 'git model status --all'
check 'git has nothing to commit' says '' 'git status --porcelain'
run 'git model ls --long'
check 'the store has both files' has '^[0-9a-f][0-9a-f]*  *\* .*model.safetensors' \
	'git model ls --long'
run 'git model du'
check 'the last version added less than a tenth of its size' \
	sh -c 'git model du --json | tr -d " \n" | grep -o "\"added\":[0-9]*" |
		awk -F : "{ n = \$2 } END { exit !(n > 0 && n < 152951) }"'
run 'git model inspect model.gguf | head -n 12'
check 'its format is known' has '^format: gguf' 'git model inspect model.gguf'

say "Share it: git push takes the bytes along, git clone brings them"
run 'git init -q --bare ../team.git'
run 'git remote add origin ../team.git'
run 'git push -q -u origin main'
run 'git clone -q ../team.git ../colleague'
run 'sha256sum model.* ../colleague/model.*'
check 'the clone has the same model' \
	same model.safetensors ../colleague/model.safetensors
check 'the clone has the same quantised model' \
	same model.gguf ../colleague/model.gguf
check 'the clone is clean' says '' 'git -C ../colleague status --porcelain'

say "Go back to the first version, and forward again"
run 'cd ../colleague'
run 'cp model.safetensors ../latest'
run 'git switch -q --detach HEAD~2'
run 'sha256sum model.safetensors $models/tiny-ckpt2-step1500.safetensors'
check 'this is the checkpoint at step 1500' \
	same model.safetensors "$models/tiny-ckpt2-step1500.safetensors"
check 'git status is clean' says '' 'git status --porcelain'
run 'git switch -q --detach main~1'
check 'this is the fine-tuned version' same model.safetensors \
	"$models/tiny-ft-shakespeare-lr1e-5-fp32.safetensors"
run 'git switch -q main'
check 'this is the latest version' same model.safetensors ../latest

say "Verify every byte that is stored"
run 'git model fsck'
run 'git -C ../fraud model fsck'
check 'fsck is content' says 'everything is as it should be' 'git model fsck'

printf '\ndemo: %s checks passed; look around in %s\n' $checks "$W/fraud"
