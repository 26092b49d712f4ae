# shellcheck shell=bash

help() {
  cat <<'HELP'
Deploys Collabry on this machine with Docker, and keeps what was good.

  VERSION=v1.2.0 ./deploy.sh      build the images of this checkout and roll them out
  ./deploy.sh status              what runs, of which release
  ./deploy.sh rollback            back to the release before: its images, its settings
  ./deploy.sh scale api=5         more or fewer api replicas, for good
  ./deploy.sh logs [SERVICE…]     follow the logs
  ./deploy.sh doctor              look for what is wrong, changing nothing but a notebook of its own account
  ./deploy.sh backup [FILE]       copy everything, while it runs; without FILE to COLLABRY_BACKUP_URL, or else into backups/.
                                  A FILE that is there is replaced only after --force
  ./deploy.sh backups             which backups there are
  ./deploy.sh verify [FILE]       read one to its end: a file of this machine, the name of one at COLLABRY_BACKUP_URL, or
                                  the newest there
  ./deploy.sh restore [FILE]      deploy VERSION with what that backup holds, where nothing is yet
  ./deploy.sh settings FILE [OUT] write the .env that an encrypted backup holds; needs nothing but the images of VERSION
  ./deploy.sh backup-key FILE     make the keys of backups: to be kept elsewhere, and to be set here
  ./deploy.sh front               replace nginx itself; its port is closed for about a second
  ./deploy.sh build | push        only build the images, or push them to $REGISTRY

The first time: cp .env.example .env, and set in it COLLABRY_JWT_SECRET, COLLABRY_SERVICE_SECRET, REDIS_PASSWORD,
MONGODB_PASSWORD and MONGODB_ROOT_PASSWORD, each with what `openssl rand -hex 32` prints.

A deploy looks first whether it can go well (disk, settings, secrets, Redis, MongoDB, the new images with all of these)
and then replaces one container at a time: ai-engines, api replicas (each new one serves through nginx before an old one
ends), the web client and settings of the running nginx, the worker. At last it signs in, uploads, asks, and deletes, as a
user of its own. If any of it fails, every role goes back to the images and settings before. It may be killed at any point
and run again.

  VERSION=v1.2.0                    default: what `git describe` says
  USE_REGISTRY=true REGISTRY=HOST/PATH   pull the images instead of building them
  MODE=blue-green                   all new api replicas beside the old ones, and one switch
  BUILD=no                          take the images of VERSION that are here
  ENV_FILE=.env                     where the settings are; .env.example lists them
  IDENTITY=FILE                     what backup-key made, for verify, restore and settings: it opens backups that are encrypted, and
                                    refuses those that others have made
  SIGNER=KEY                        whose signature a backup must have instead; SIGNER=any takes all, as those from before
                                    backups were signed

Exit code 0: the release serves. 1: no container was touched. 2: rolled back. 3: that failed too, or there was nothing to go
back to. 64: usage.
HELP
}
