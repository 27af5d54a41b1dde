# The dashboard: npm builds it from web/, and .incbin includes it in the program. Without npm, or with
# GENSETD_WEB=OFF, a page that says so replaces it (web/stub.html).
find_program(NPM_PROGRAM npm)
find_program(NODE_PROGRAM node)
if(NPM_PROGRAM AND NODE_PROGRAM)
  set(npm_found ON)
else()
  set(npm_found OFF)
endif()
option(GENSETD_WEB "Build the dashboard with npm and include it in the program" ${npm_found})
set(page_sources no_page_table.cpp)
if(NOT GENSETD_WEB)
  return()
endif()

set(web ${PROJECT_SOURCE_DIR}/web)
set(page_dir ${PROJECT_BINARY_DIR}/web)
file(GLOB_RECURSE page_inputs CONFIGURE_DEPENDS ${web}/src/*)
# npm writes this file last; all build folders share the packages.
set(packages ${web}/node_modules/.package-lock.json)
add_custom_command(
  OUTPUT ${packages}
  COMMAND ${NPM_PROGRAM} ci --no-audit --no-fund --loglevel=error
  COMMAND ${CMAKE_COMMAND} -E touch ${packages}
  DEPENDS ${web}/package.json ${web}/package-lock.json
  WORKING_DIRECTORY ${web}
  COMMENT "Installing the packages that build the dashboard"
  VERBATIM)
add_custom_command(
  OUTPUT ${page_dir}/page.bin ${page_dir}/page_table.cpp
  COMMAND ${NPM_PROGRAM} run --silent build -- --outDir ${page_dir}/dist --logLevel warn
  COMMAND ${NODE_PROGRAM} ${web}/tools/pack.js ${page_dir}/dist ${page_dir}
  DEPENDS ${packages} ${page_inputs} ${web}/index.html ${web}/vite.config.ts ${web}/svelte.config.js ${web}/tsconfig.json
          ${web}/tools/pack.js
  WORKING_DIRECTORY ${web}
  COMMENT "Building the dashboard"
  VERBATIM)
set(page_sources ${page_dir}/page_table.cpp page_bytes.S)
# The dependency scan does not see the file that .incbin names.
set_source_files_properties(page_bytes.S PROPERTIES OBJECT_DEPENDS ${page_dir}/page.bin
                                                    COMPILE_DEFINITIONS "GENSETD_PAGE_BYTES=\"${page_dir}/page.bin\"")
