/* The protoset as bytes of the program: simpul_protoset to simpul_protoset_end. */
    .section .rodata
    .global simpul_protoset
    .global simpul_protoset_end
    .balign 16
simpul_protoset:
    .incbin PROTOSET
simpul_protoset_end:
    .byte 0
    .section .note.GNU-stack,"",%progbits
