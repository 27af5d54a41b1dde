# Compiler options of every target: warnings are errors; the linker and compiler cache are used when they are there.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE_PROGRAM})
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

# Functions and lines for backtraces and profilers, without variables: -g takes a third longer to compile.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")

add_library(gensetd_options INTERFACE)
target_include_directories(gensetd_options INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_compile_options(gensetd_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
                                                 -Woverloaded-virtual -Werror)
# Members that an initializer leaves out have the defaults that their struct states.
target_compile_options(gensetd_options INTERFACE -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(gensetd_options INTERFACE -Wno-unknown-warning-option -Wno-error=unused-command-line-argument)
else()
  # g++ 12 warns of coroutine frames and of std::optional's own storage in code that is right.
  target_compile_options(gensetd_options INTERFACE -Wno-mismatched-new-delete -Wno-maybe-uninitialized)
  if(GENSETD_GROUP GREATER 1)
    # It takes the file that includes a group's files for a header.
    target_compile_options(gensetd_options INTERFACE -Wno-subobject-linkage)
  endif()
endif()

if(GENSETD_SANITIZE)
  # Without 'vptr': SOCI's library keeps the type information of its classes, which that check needs, to itself.
  target_compile_options(gensetd_options INTERFACE -fsanitize=${GENSETD_SANITIZE} -fno-sanitize=vptr -fno-sanitize-recover=all -fno-omit-frame-pointer -O1 -g1)
  target_link_options(gensetd_options INTERFACE -fsanitize=${GENSETD_SANITIZE})
  if(GENSETD_SANITIZE MATCHES "thread")
    target_compile_options(gensetd_options INTERFACE -Wno-tsan)
  endif()
endif()
if(GENSETD_FUZZ)
  target_compile_options(gensetd_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  target_link_options(gensetd_options INTERFACE -fuse-ld=mold)
endif()
