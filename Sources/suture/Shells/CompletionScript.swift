/// A function of a shell that asks the command for what may come next: a word, a space, what it means, and
/// `:files` for names of files.
struct CompletionScript {
  let shell: String
  let text: String

  static let all = [bash, zsh, fish]

  private static let bash = CompletionScript(
    shell: "bash",
    text: #"""
      _suture() {
        local line current=${COMP_WORDS[COMP_CWORD]}
        COMPREPLY=()
        while IFS= read -r line; do
          if [[ $line == :files ]]; then
            compopt -o filenames 2>/dev/null
            while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$current")
            continue
          fi
          line=${line%% *}
          # Bash has taken --name=value apart, and wants the value alone.
          [[ $line == --*=* && $current != --* ]] && line=${line#*=}
          [[ $line == *. ]] && compopt -o nospace 2>/dev/null
          COMPREPLY+=("$line")
        done < <("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
      }
      complete -F _suture suture

      """#)

  private static let zsh = CompletionScript(
    shell: "zsh",
    text: #"""
      #compdef suture
      _suture() {
        local line
        local -a whole parts
        for line in "${(@f)$(${words[1]} __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
          case ${line%% *} in
            "") ;;
            :files) _files ;;
            *.) parts+=("${line%% *}") ;;
            *) whole+=("${${line%% *}//:/\\:}:${line#* }") ;;
          esac
        done
        (( $#whole )) && _describe -V suture whole
        (( $#parts )) && compadd -S '' -a parts
      }
      if [ "$funcstack[1]" = _suture ]; then _suture "$@"; else compdef _suture suture; fi

      """#)

  private static let fish = CompletionScript(
    shell: "fish",
    text: #"""
      function __suture_complete
        set -l words (commandline -opc)
        for line in ($words[1] __complete $words[2..-1] (commandline -ct) 2>/dev/null)
          if test "$line" = :files
            __fish_complete_path (commandline -ct)
          else
            string replace -- ' ' \t $line
          end
        end
      end
      complete -c suture -f -a '(__suture_complete)'

      """#)
}
