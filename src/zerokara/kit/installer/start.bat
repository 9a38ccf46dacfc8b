@echo off
rem start.bat opens a window in which zerokara is found; start.bat COMMAND ... runs one command.
set "PATH=%~dp0.venv\Scripts;%PATH%"
set "VIRTUAL_ENV=%~dp0.venv"
if "%~1"=="" goto window
call %*
exit /b %errorlevel%
:window
pushd "%~dp0"
cmd /k
