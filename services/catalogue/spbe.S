/* spbe.yaml as bytes of the program: simpul_spbe to simpul_spbe_end. */
    .section .rodata
    .global simpul_spbe
    .global simpul_spbe_end
simpul_spbe:
    .incbin SPBE
simpul_spbe_end:
    .byte 0
    .section .note.GNU-stack,"",%progbits
