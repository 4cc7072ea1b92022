// The functions of CUDA that are called, by the number of their library in `forward.rs`. A program that calls another
// one is linked with its library again, which `ci/cuda.sh` finds out.

    .pushsection .data.rel.gpu_forwarded, "aw"
    .balign 8
    .globl gpu_forwarded
gpu_forwarded:
    .popsection
    .text
forward 0, cuCtxDestroy_v2
forward 0, cuCtxEnablePeerAccess
forward 0, cuCtxGetCurrent
forward 0, cuCtxSetCurrent
forward 0, cuCtxSynchronize
forward 0, cuDeviceCanAccessPeer
forward 0, cuDeviceGet
forward 0, cuDeviceGetAttribute
forward 0, cuDeviceGetCount
forward 0, cuDeviceGetDefaultMemPool
forward 0, cuDeviceGetName
forward 0, cuDeviceGetUuid_v2
forward 0, cuDevicePrimaryCtxRelease_v2
forward 0, cuDevicePrimaryCtxRetain
forward 0, cuDeviceTotalMem_v2
forward 0, cuEventCreate
forward 0, cuEventDestroy_v2
forward 0, cuEventRecord
forward 0, cuEventSynchronize
forward 0, cuFuncSetAttribute
forward 0, cuGetErrorString
forward 0, cuInit
forward 0, cuLaunchKernel
forward 0, cuMemAllocAsync
forward 0, cuMemAlloc_v2
forward 0, cuMemFreeAsync
forward 0, cuMemFreeHost
forward 0, cuMemFree_v2
forward 0, cuMemGetInfo_v2
forward 0, cuMemHostAlloc
forward 0, cuMemPoolGetAttribute
forward 0, cuMemPoolSetAccess
forward 0, cuMemPoolSetAttribute
forward 0, cuMemcpyDtoDAsync_v2
forward 0, cuMemcpyDtoHAsync_v2
forward 0, cuMemcpyHtoDAsync_v2
forward 0, cuMemcpyPeerAsync
forward 0, cuMemsetD8Async
forward 0, cuModuleGetFunction
forward 0, cuModuleLoad
forward 0, cuModuleLoadData
forward 0, cuModuleUnload
forward 0, cuStreamCreate
forward 0, cuStreamDestroy_v2
forward 0, cuStreamIsCapturing
forward 0, cuStreamSynchronize
forward 0, cuStreamWaitEvent
forward 1, cublasCreate_v2
forward 1, cublasDestroy_v2
forward 1, cublasDgemmStridedBatched
forward 1, cublasGemmStridedBatchedEx
forward 1, cublasGetProperty
forward 1, cublasSetStream_v2
forward 2, curandCreateGenerator
forward 2, curandDestroyGenerator
forward 2, curandGenerateNormal
forward 2, curandGenerateNormalDouble
forward 2, curandGenerateUniform
forward 2, curandGenerateUniformDouble
forward 2, curandSetPseudoRandomGeneratorSeed
forward 2, curandSetStream
    .pushsection .data.rel.gpu_forwarded, "aw"
    .globl gpu_forwarded_end
gpu_forwarded_end:
    .popsection
