# The Debian package: `cmake --build build/release --target package`. It holds the stripped program, and depends on what
# dpkg-shlibdeps finds that the program is linked with.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
set(package_dir ${PROJECT_BINARY_DIR}/package)
file(MAKE_DIRECTORY ${package_dir})

# document(<kind> <template> <output>): what deploy/from_help.py writes from the program's own --help.
function(document kind template output)
  add_custom_command(
    OUTPUT ${package_dir}/${output}
    COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/deploy/from_help.py ${kind} $<TARGET_FILE:gensetd>
            ${PROJECT_SOURCE_DIR}/deploy/${template} ${package_dir}/${output}
    DEPENDS gensetd ${PROJECT_SOURCE_DIR}/deploy/from_help.py ${PROJECT_SOURCE_DIR}/deploy/${template}
    VERBATIM)
endfunction()
document(man man/gensetd.1.in gensetd.1.gz)
document(bash completion/gensetd.bash.in gensetd.bash)
add_custom_target(documents ALL DEPENDS ${package_dir}/gensetd.1.gz ${package_dir}/gensetd.bash)

install(TARGETS gensetd DESTINATION bin)
install(FILES ${package_dir}/gensetd.1.gz DESTINATION share/man/man1)
install(FILES ${package_dir}/gensetd.bash DESTINATION share/bash-completion/completions RENAME gensetd)
# With profiles/unconfirmed, which is not built in.
install(DIRECTORY profiles/ DESTINATION share/gensetd/profiles FILES_MATCHING PATTERN *.toml)
install(FILES deploy/grafana/gensetd.json DESTINATION share/gensetd/grafana)
install(FILES deploy/prometheus/gensetd.rules.yml DESTINATION share/gensetd/prometheus)
install(FILES deploy/debian/copyright DESTINATION share/doc/gensetd)
install(FILES deploy/systemd/gensetd.service DESTINATION lib/systemd/system)
# It may hold passwords; postinst gives it to the service's group.
install(FILES deploy/debian/gensetd.toml DESTINATION /etc/gensetd PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ)
install(DIRECTORY DESTINATION /etc/gensetd/profiles)

set(CPACK_GENERATOR DEB)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_CONTACT "gensetd <root@localhost>")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
    "Polls SmartGen generator controllers over Modbus TCP and RTU over TCP, keeps
the newest reading of every device in Redis and pushes each change to
browsers over WebSocket. Holds its own page, simulator and commands for the
technician.")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS passwd)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "redis-server, postgresql")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${PROJECT_SOURCE_DIR}/deploy/debian/conffiles ${PROJECT_SOURCE_DIR}/deploy/debian/postinst
    ${PROJECT_SOURCE_DIR}/deploy/debian/prerm ${PROJECT_SOURCE_DIR}/deploy/debian/postrm)
include(CPack)
