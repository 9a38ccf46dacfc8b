@echo off
rem Installs zerokara from this folder, without internet and without an administrator: install.bat [FOLDER]
setlocal
chcp 65001 >nul
set "check=import sys; sys.exit('{}.{}'.format(*sys.version_info) != '@PYTHON@')"
for %%P in ("py -@PYTHON@" "python" "python3") do (
  call %%~P -c "%check%" >nul 2>nul
  if not errorlevel 1 (
    set "python=%%~P"
    goto found
  )
)
type "%~dp0python-needed.txt"
py --list 2>nul
set "status=1"
goto end
:found
call %python% "%~dp0install.py" %*
set "status=%errorlevel%"
:end
pause
exit /b %status%
