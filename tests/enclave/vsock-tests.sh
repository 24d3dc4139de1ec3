# The tests of what uses sockets, as /guest of a virtual machine with vsock_loopback: KMSTOOL_TEST_VSOCK adds AF_VSOCK to the
# transports. /filter has the expression that chooses them.
# shellcheck shell=sh
export DOTNET_ROOT=/dotnet DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 KMSTOOL_TEST_VSOCK=1
# The runner gives the test host 90 s to start, which is little under software emulation.
export VSTEST_CONNECTION_TIMEOUT=600
exec /dotnet/dotnet exec /dotnet/sdk/vstest.console.dll /tests/KmsTool.Tests.dll \
    --TestCaseFilter:"$(cat /filter)" --logger:'console;verbosity=normal' -- RunConfiguration.TreatNoTestsAsError=true
