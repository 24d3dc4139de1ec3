# What can be done here; `make help` lists it. Needs the .NET SDK named in global.json.
.POSIX:

DOTNET = dotnet
CONFIGURATION = Release
BENCHMARKS = $(DOTNET) run --project KmsTool.Benchmarks --configuration Release --no-build --

build:
	$(DOTNET) build KmsTool.sln --configuration $(CONFIGURATION) --verbosity quiet --nologo

# Results also as artifacts/test-results/*.trx.
test: build
	rm -rf artifacts/test-results
	$(DOTNET) test KmsTool.sln --configuration $(CONFIGURATION) --no-build --nologo \
		--results-directory artifacts/test-results --logger trx

demo:
	scripts/demo.sh

# BIN=artifacts/bin/linux-x64: with published programs.
test-sdks:
	scripts/test-sdks.sh

# As root on Debian; QEMU and what else it takes is kept in artifacts/enclave. LEVEL=vsock or enclave: one of the two.
LEVEL =
test-enclave:
	scripts/test-enclave.sh $(LEVEL)

# artifacts/bin/<system>/: programs that need no .NET on the machine they run on; see Directory.Build.props.
publish:
	rm -rf artifacts/bin
	$(DOTNET) publish KmsTool.Enclave --runtime linux-x64 --verbosity quiet --nologo
	$(DOTNET) publish KmsTool.Instance --runtime linux-x64 --verbosity quiet --nologo
	$(DOTNET) publish KmsTool.Simulator --runtime linux-x64 --verbosity quiet --nologo
	$(DOTNET) publish KmsTool.Instance --runtime win-x64 --verbosity quiet --nologo
	ls -l artifacts/bin/*

# artifacts/packages/: the library as a NuGet package with its symbols. The paths of this machine are not in it. Its repository is
# the git remote origin, or REPOSITORY=https://github.com/OWNER/NAME.
REPOSITORY =
pack:
	rm -rf artifacts/packages
	$(DOTNET) build KmsTool.Protocol --configuration Release --no-incremental --verbosity quiet --nologo \
		-p:ContinuousIntegrationBuild=true -p:RepositoryUrl=$(REPOSITORY)
	$(DOTNET) pack KmsTool.Protocol --configuration Release --no-build --verbosity quiet --nologo -p:RepositoryUrl=$(REPOSITORY)
	ls -l artifacts/packages

# Of the published programs, so that what is measured is what runs; BENCH names one of them, or other figures, see
# docs/performance.md.
BENCH =
bench: publish
	$(DOTNET) build KmsTool.Benchmarks --configuration Release --verbosity quiet --nologo
	if [ -n '$(BENCH)' ]; then $(BENCHMARKS) $(BENCH); else $(BENCHMARKS) load && $(BENCHMARKS) proxy && $(BENCHMARKS) kms-proxy; fi

format:
	$(DOTNET) format KmsTool.sln

clean:
	rm -rf artifacts KmsTool.*/bin KmsTool.*/obj

help:
	@echo 'make build         compiles everything (CONFIGURATION=$(CONFIGURATION))'
	@echo 'make test          runs all tests'
	@echo 'make test-sdks     runs the AWS SDKs in simulated enclaves (installs them from Debian and npm)'
	@echo 'make test-enclave  boots real enclaves under QEMU and runs KmsTool in them'
	@echo 'make demo          shows the main job on this machine, without AWS'
	@echo 'make publish       programs for linux-x64 and win-x64 in artifacts/bin'
	@echo 'make pack          the library KmsTool.Protocol as a NuGet package in artifacts/packages'
	@echo 'make bench         measures the published enclave and proxy (BENCH="proxy --quick": a trial)'
	@echo 'make format        formats the source files'
	@echo 'make clean         removes what was built'

.PHONY: build test test-sdks test-enclave demo publish pack bench format clean help
