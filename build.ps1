<#
.SYNOPSIS
    Builds kmstool-instance.exe for a Windows parent instance.

.DESCRIPTION
    Needs the .NET SDK named in global.json and access to a NuGet registry. The result is one file that runs without an
    installed .NET.

.PARAMETER BuildEverything
    Accepted for scripts that call the AWS sample's build.ps1. Dependencies are restored as needed, always.

.PARAMETER Output
    The folder for kmstool-instance.exe.

.EXAMPLE
    .\build.ps1

.EXAMPLE
    .\build.ps1 -BuildEverything $true -Output C:\kmstool
#>
[CmdletBinding()]
param(
    [bool] $BuildEverything = $false,
    [string] $Output = (Join-Path $PSScriptRoot 'artifacts/bin/win-x64')
)

$ErrorActionPreference = 'Stop'

if (-not (Get-Command dotnet -ErrorAction SilentlyContinue)) {
    throw 'The .NET SDK is missing; install it from https://dotnet.microsoft.com/download'
}

dotnet publish (Join-Path $PSScriptRoot 'KmsTool.Instance') --runtime win-x64 --output $Output
if ($LASTEXITCODE -ne 0) {
    throw "dotnet publish failed with exit code $LASTEXITCODE"
}

Write-Output (Join-Path $Output 'kmstool-instance.exe')
