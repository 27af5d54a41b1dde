// The concatenated files of the dashboard. web/tools/pack.js writes them, and the table of their offsets.
  .section .rodata
  .global gensetd_page_bytes
  .balign 16
gensetd_page_bytes:
  .incbin GENSETD_PAGE_BYTES
  .byte 0

  .section .note.GNU-stack, "", %progbits
