// The files of the dashboard, one behind the other: web/tools/pack.js wrote them and the table of what stands where.
  .section .rodata
  .global gensetd_page_bytes
  .balign 16
gensetd_page_bytes:
  .incbin GENSETD_PAGE_BYTES
  .byte 0

  .section .note.GNU-stack, "", %progbits
