# The options of NixOS that an exported module may set, each with what it takes, as nixpkgs declares them; whatever else it sets is a fault.
{ module, group ? null }:
let
  text = builtins.isString;
  all = check: value: builtins.isList value && builtins.all check value;
  settings = value: builtins.isAttrs value && builtins.all text (builtins.attrValues value);
  oneOf = choices: value: builtins.elem value choices;
  options = {
    "security.pam.ussh.enable" = builtins.isBool;
    "security.pam.ussh.control" = oneOf [ "required" "requisite" "sufficient" "optional" ];
    "security.pam.ussh.caFile" = value: text value && builtins.substring 0 1 value == "/";
    "security.pam.ussh.authorizedPrincipals" = text;
    "security.pam.services.sudo.rules.auth.usher-denied.order" = builtins.isInt;
    "security.pam.services.sudo.rules.auth.usher-denied.control" = text;
    "security.pam.services.sudo.rules.auth.usher-denied.modulePath" = text;
    "security.pam.services.sudo.rules.auth.usher-denied.args" = all text;
    "security.sudo.extraConfig" = text;
    "services.openssh.settings.TrustedUserCAKeys" = text;
    "services.openssh.settings.AuthorizedPrincipalsFile" = text;
    "services.openssh.settings.RevokedKeys" = text;
    "services.openssh.settings.HostCertificate" = text;
    "environment.systemPackages" = all text;
    "systemd.services.usher-host-sync.description" = text;
    "systemd.services.usher-host-sync.wants" = all text;
    "systemd.services.usher-host-sync.after" = all text;
    "systemd.services.usher-host-sync.serviceConfig" = settings;
    "systemd.timers.usher-host-sync.description" = text;
    "systemd.timers.usher-host-sync.wantedBy" = all text;
    "systemd.timers.usher-host-sync.timerConfig" = settings;
    "systemd.tmpfiles.rules" = all text;
    "assertions" = all (value: builtins.isBool value.assertion && text value.message);
  };
  flatten = path: value:
    if builtins.hasAttr path options then
      (if options.${path} value then [ { name = path; inherit value; } ] else throw "${path} does not take this")
    else if builtins.isAttrs value then
      builtins.concatMap (name: flatten (if path == "" then name else "${path}.${name}") value.${name}) (builtins.attrNames value)
    else throw "there is no option ${path}";
  set = module {
    config.security.pam = { ussh.group = group; services.sudo.rules.auth.ussh.order = 11300; };
    # What is written is shown in the place of its path.
    pkgs = {
      writeText = name: content: "<${name}:${content}>";
      runtimeShell = "/shell";
      curl = "curl";
      diffutils = "diffutils";
      gawk = "gawk";
      gnutar = "gnutar";
      util-linux = "util-linux";
    };
  };
in
builtins.listToAttrs (flatten "" set)
