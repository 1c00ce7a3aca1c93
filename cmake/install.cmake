# Installs the headers and a package that find_package(Lamina) finds. Nothing in it depends on the processor.
include(CMakePackageConfigHelpers)
set(package_dir share/cmake/Lamina)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/lamina DESTINATION include FILES_MATCHING PATTERN "*.[ch]pp")
install(TARGETS lamina lamina_vgg lamina_cifar lamina_images lamina_onnx EXPORT LaminaTargets)
install(EXPORT LaminaTargets NAMESPACE Lamina:: DESTINATION ${package_dir})

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/LaminaConfig.cmake.in ${PROJECT_BINARY_DIR}/LaminaConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/LaminaConfigVersion.cmake COMPATIBILITY SameMinorVersion
                                 ARCH_INDEPENDENT)
install(FILES ${PROJECT_BINARY_DIR}/LaminaConfig.cmake ${PROJECT_BINARY_DIR}/LaminaConfigVersion.cmake
              ${CMAKE_CURRENT_LIST_DIR}/eigen.cmake
        DESTINATION ${package_dir})
