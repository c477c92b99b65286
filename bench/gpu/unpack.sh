#!/bin/sh
# Measures heads and a network on this machine's card: webgpu beside PyTorch. Needs no network and writes nothing but a
# folder in TMPDIR, which it takes away, and gpu-bench.json (--json FILE). All flags: see run.ts.
set -eu
self=$0
folder=$(mktemp -d "${TMPDIR:-/tmp}/cf-gpu-bench.XXXXXX")
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
lines=$(awk '/^__CONTENT__$/ { print NR + 1; exit }' "$self")
if command -v xz >/dev/null 2>&1; then
  tail -n "+$lines" "$self" | xz -dc | tar -xf - -C "$folder"
else
  tail -n "+$lines" "$self" | python3 -c 'import sys, tarfile; tarfile.open(fileobj=sys.stdin.buffer, mode="r|xz").extractall(sys.argv[1])' "$folder"
fi
here=$folder/cf-gpu-bench
# Those of onnxruntime-node's install script do not fit in here.
if [ -n "${CF_CUDA_LIBRARIES:-}" ]; then
  for to in "$here"/node_modules/onnxruntime-node/bin/napi-v*/linux/x64; do
    ln -s "$CF_CUDA_LIBRARIES"/libonnxruntime_providers_*.so "$to/"
  done
fi
# Vulkan's loader and the card's driver, where the machine does not say where they are.
if [ -f "$here/vulkan/libvulkan.so.1" ] && ! ldconfig -p 2>/dev/null | grep -q 'libvulkan\.so\.1'; then
  export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$here/vulkan"
fi
if [ -z "${VK_DRIVER_FILES:-}${VK_ICD_FILENAMES:-}" ]; then
  for file in /usr/share/vulkan/icd.d/nvidia_icd*.json /etc/vulkan/icd.d/nvidia_icd*.json /usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json; do
    if [ -f "$file" ]; then export VK_DRIVER_FILES="$file" VK_ICD_FILENAMES="$file"; break; fi
  done
  if [ -z "${VK_DRIVER_FILES:-}" ] && ldconfig -p 2>/dev/null | grep -q 'libGLX_nvidia\.so\.0'; then
    printf '%s' '{"file_format_version":"1.0.0","ICD":{"library_path":"libGLX_nvidia.so.0","api_version":"1.3.0"}}' >"$here/nvidia_icd.json"
    export VK_DRIVER_FILES="$here/nvidia_icd.json" VK_ICD_FILENAMES="$here/nvidia_icd.json"
  fi
fi
export XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-$folder}"
export MALLOC_MMAP_THRESHOLD_=4000000000 MALLOC_TRIM_THRESHOLD_=8000000000
"$here/node" "$here/run.js" "$@"
exit
__CONTENT__
