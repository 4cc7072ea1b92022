.macro forward library, name
    .globl \name
    .type \name, @function
\name:
    jmp *gpu_target_\name(%rip)
    .size \name, . - \name
    .pushsection .rodata.gpu_forwarded, "a", @progbits
gpu_name_\name:
    .asciz "\name"
    .popsection
    .pushsection .data.rel.gpu_forwarded, "aw", @progbits
gpu_target_\name:
    .quad 0, gpu_name_\name, \library
    .popsection
.endm
