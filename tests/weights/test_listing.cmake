# What check_checksums.cmake and check_accuracy.cmake take, and what they refuse, each in a folder made for it.
# cmake -D WORK=folder -P test_listing.cmake

set(row vgg08-lr-1e-3)
set(file ${WORK}/${row}.safetensors)
set(header "| row | test accuracy | sha256 | command |\n| --- | ---: | --- | --- |\n")

function(write_folder)
  file(REMOVE_RECURSE ${WORK})
  file(WRITE ${file} "weights")
  file(SHA256 ${file} checksum)
  set(line "| ${row} | 49.90 | ${checksum} | `train_cifar100 --model vgg08 --lr 1e-3` |\n")
  file(WRITE ${WORK}/README.md "# Weights\n\n${header}${line}\nMeasure [them]; so.\n")
endfunction()

function(check_script script expected_status expected_text)
  execute_process(COMMAND ${CMAKE_COMMAND} -E env LAMINA_CIFAR100=images ${CMAKE_COMMAND} -D FOLDER=${WORK} ${ARGN}
                          -P ${CMAKE_CURRENT_LIST_DIR}/${script}.cmake
                  OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE status)
  string(REGEX REPLACE "[\n ]+" " " output "${output}")
  string(FIND "${output}" "${expected_text}" at)
  if(NOT status EQUAL expected_status OR at EQUAL -1)
    message(FATAL_ERROR "expected status ${expected_status} and '${expected_text}', got status ${status} and: ${output}")
  endif()
endfunction()

macro(check)
  check_script(check_checksums ${ARGN})
endmacro()

# A program that measures this accuracy, whatever the file.
macro(check_measured accuracy)
  check_script(check_accuracy ${ARGN} -D "COMMAND=\"${CMAKE_COMMAND}\" -E echo \"top-1 accuracy ${accuracy} %\"")
endmacro()

write_folder()
check(0 "1 files are listed, and have their checksums")

file(APPEND ${file} " changed")
check(1 "has the checksum")

write_folder()
file(REMOVE ${file})
check(1 "${row}.safetensors: is listed in")

write_folder()
file(WRITE ${WORK}/vgg38-lr-1e-3.safetensors "others")
check(1 "holds [vgg08-lr-1e-3.safetensors;vgg38-lr-1e-3.safetensors]")

write_folder()
file(APPEND ${WORK}/README.md "| vgg38 | no such line |\n")
check(1 "cannot be understood: | vgg38 | no such line |")

write_folder()
file(STRINGS ${WORK}/README.md line REGEX "^\\| ${row}")
file(APPEND ${WORK}/README.md "${line}\n")
check(1 "and ${WORK}/README.md lists [${row}.safetensors;${row}.safetensors]")

write_folder()
file(WRITE ${WORK}/README.md "# Weights\n")
check(1 "expected a table with the first lines")

write_folder()
file(REMOVE ${file})
file(WRITE ${WORK}/README.md "${header}")
check(0 "0 files are listed")

write_folder()
check_measured(49.90 0 "1 files are listed, and have their accuracies")
check_measured(49.91 0 "1 files")
check_measured(49.89 0 "1 files")
check_measured(49.92 1 "has the test accuracy 49.92, the list says 49.90")
check_measured(49.88 1 "has the test accuracy 49.88")
check_measured(4.99 1 "has the test accuracy 4.99")
check_measured(none 1 "cannot be measured")
