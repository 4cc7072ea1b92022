.macro forward library, name
    .globl \name
    .type \name, %function
\name:
    adrp x16, gpu_target_\name
    ldr x16, [x16, :lo12:gpu_target_\name]
    br x16
    .size \name, . - \name
    .pushsection .rodata.gpu_forwarded, "a", %progbits
gpu_name_\name:
    .asciz "\name"
    .popsection
    .pushsection .data.rel.gpu_forwarded, "aw", %progbits
gpu_target_\name:
    .quad 0, gpu_name_\name, \library
    .popsection
.endm
