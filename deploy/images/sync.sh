#!/bin/sh
# Adds the locked environment of the packages that are named to /opt/kaiwa; see the Dockerfile beside it.
set -eu
if [ -s /run/secrets/ca_bundle ]; then export SSL_CERT_FILE=/run/secrets/ca_bundle; fi
export UV_PROJECT_ENVIRONMENT=/opt/kaiwa UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
before=$(mktemp)
cd /build/src
/build/uv/bin/uv sync --quiet --frozen --inexact --no-dev --no-editable "$@"

# What is there to build, to test or to be read by type checkers is not there to run.
find /opt/kaiwa/lib -type d -name tests -prune -exec rm -rf {} +
find /opt/kaiwa/lib -type f \( -name '*.pyx' -o -name '*.pxd' -o -name '*.pxi' -o -name '*.pyi' -o -name '*.h' \) -delete
find /opt/kaiwa/bin -type f ! -name kaiwa -delete
# Half of what extension modules weigh is for debuggers.
LD_LIBRARY_PATH=$(dirname "$(find /build/usr/lib -name 'libbfd-*' | head -1)")
export LD_LIBRARY_PATH
find /opt/kaiwa/lib -type f -name '*.so' -cnewer "$before" -exec /build/usr/bin/strip --strip-debug {} +
unset LD_LIBRARY_PATH
rm "$before"

# Where the root is read-only, byte code that is not in the image would be made anew at every start. Only what is new
# is compiled, so that a layer does not repeat the one below it.
exec /opt/kaiwa/bin/python3 -m compileall -q -j 0 /opt/kaiwa/lib
